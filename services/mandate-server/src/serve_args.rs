//! The options of `mandate serve`.

use std::{net::SocketAddr, num::NonZero, path::PathBuf};

use api::Peer;
use clap::{Args, ValueEnum};
use entitlement::{DecisionLogSettings, DecisionLogTarget};
use types::SecretUrl;

use crate::oidc_args::OidcArgs;

/// Run one service, or all in one process.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  mandate serve all --store postgres://mandate@db/mandate --secrets /etc/mandate/secrets \\
      --tls-certificate tls.crt --tls-key tls.key
  mandate serve identity --store sqlite:identity.db --secrets ./secrets \\
      --listen 127.0.0.1:7701 --peer-listen 127.0.0.1:7711 \\
      --entitlement-url http://127.0.0.1:7713 --insecure-plaintext

The folder of secrets holds `root.key` (of the first service account, `mk_root_` and 43 characters)
and `token.key`, the same for all services of an installation. A service that runs by itself also
needs its key for calls to the others, `peers/SERVICE.key`, and the SHA-256 digest of each other
service's key, in hexadecimal, as `peers/OTHER.sha256`.")]
pub struct ServeArgs {
    /// The service to run
    pub service: Which,

    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1:7700", env = "MANDATE_LISTEN")]
    pub listen: SocketAddr,

    /// The address for metrics and probes; none if absent
    #[arg(long, env = "MANDATE_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,

    /// The database: `sqlite:PATH` (for `all`: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,

    /// The shared cache: `memory:`, `redis://HOST`, `redis+sentinel://HOST,HOST/MASTER` or
    /// `redis+cluster://HOST,HOST`; `rediss` for TLS, `USER:PASSWORD@` before the hosts
    #[arg(
        long,
        default_value = "memory:",
        env = "MANDATE_CACHE",
        hide_env_values = true
    )]
    pub cache: SecretUrl,

    /// The folder with `root.key`, `token.key` and `peers`
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,

    /// The URL of identity for other services; needed by membership and entitlement
    #[arg(long, env = "MANDATE_IDENTITY_URL", hide_env_values = true)]
    pub identity_url: Option<SecretUrl>,

    /// The URL of membership for other services; needed by entitlement
    #[arg(long, env = "MANDATE_MEMBERSHIP_URL", hide_env_values = true)]
    pub membership_url: Option<SecretUrl>,

    /// The URL of entitlement for other services; needed by identity and membership
    #[arg(long, env = "MANDATE_ENTITLEMENT_URL", hide_env_values = true)]
    pub entitlement_url: Option<SecretUrl>,

    /// The address to listen on for the other services, if each runs by itself; no other address
    /// answers their calls
    #[arg(long, env = "MANDATE_PEER_LISTEN")]
    pub peer_listen: Option<SocketAddr>,

    /// The CA that signed the certificates of the services for calls between them, in PEM
    #[arg(long, requires = "peer_tls_certificate", env = "MANDATE_PEER_CA")]
    pub peer_ca: Option<PathBuf>,

    /// The certificate chain of this service for calls to and from the others, in PEM
    #[arg(long, requires = "peer_tls_key", env = "MANDATE_PEER_TLS_CERTIFICATE")]
    pub peer_tls_certificate: Option<PathBuf>,

    /// The private key of that certificate, in PEM
    #[arg(long, requires = "peer_ca", env = "MANDATE_PEER_TLS_KEY")]
    pub peer_tls_key: Option<PathBuf>,

    /// The certificate chain of this server, in PEM
    #[arg(long, requires = "tls_key", env = "MANDATE_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,

    /// The private key of this server, in PEM
    #[arg(long, requires = "tls_certificate", env = "MANDATE_TLS_KEY")]
    pub tls_key: Option<PathBuf>,

    /// Accept only clients with a certificate of this CA, in PEM
    #[arg(long, requires = "tls_certificate", env = "MANDATE_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<PathBuf>,

    /// Listen without TLS: anyone on the network can read keys and answers
    #[arg(long, conflicts_with = "tls_certificate")]
    pub insecure_plaintext: bool,

    /// Treat unauthenticated callers as the operator: for test rigs only, and on loopback only
    #[arg(long)]
    pub insecure_anonymous_operator: bool,

    /// OIDC tokens in place of keys
    #[command(flatten)]
    pub oidc: OidcArgs,

    /// Maximum age of the facts behind an answer, in milliseconds
    #[arg(long, default_value_t = 1000, env = "MANDATE_LEASE_MS")]
    pub lease_ms: u64,

    /// Memory for facts, in megabytes
    #[arg(long, default_value_t = 256, env = "MANDATE_MEMORY_MB")]
    pub memory_mb: usize,

    /// History retention in days, for questions about the past
    #[arg(long, default_value_t = 400, env = "MANDATE_HISTORY_DAYS")]
    pub history_days: u32,

    /// Number of threads that serve calls; the number of cores if absent
    #[arg(long, env = "MANDATE_THREADS")]
    pub threads: Option<NonZero<usize>>,

    /// Send traces to this URL, as OTLP over gRPC
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    pub otlp: Option<SecretUrl>,

    /// The share of checks to trace, from 0 to 1, unless their callers trace them; changes and
    /// administrative reads are always traced
    #[arg(long, default_value_t = 0.01, env = "MANDATE_TRACE_SAMPLE")]
    pub trace_sample: f64,

    /// Log the answers to checks to this file, one JSON object per line, with the subject masked;
    /// files rotate at 64 MiB, and 16 are kept
    #[arg(long, env = "MANDATE_DECISION_LOG", value_name = "FILE")]
    pub decision_log: Option<PathBuf>,

    /// Send the answers to checks to this URL, as OTLP logs over gRPC, with the subject masked
    #[arg(
        long,
        env = "MANDATE_DECISION_LOG_OTLP",
        hide_env_values = true,
        value_name = "URL",
        conflicts_with = "decision_log"
    )]
    pub decision_log_otlp: Option<SecretUrl>,

    /// Log one in N answers
    #[arg(
        long,
        default_value_t = 1,
        value_name = "N",
        env = "MANDATE_DECISION_LOG_ONE_IN",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub decision_log_one_in: u64,

    /// Log denials only
    #[arg(long, env = "MANDATE_DECISION_LOG_DENIALS")]
    pub decision_log_denials: bool,

    /// The base URL at which `docs` and `proto` of this version are published, for links in errors
    #[arg(
        long,
        default_value = api::DEFAULT_HELP_BASE,
        value_name = "URL",
        env = "MANDATE_HELP_URL",
        value_parser = api::parse_help_base
    )]
    pub help_url: String,

    /// The filter of the logs
    #[arg(
        long,
        default_value = "info",
        value_name = "FILTER",
        env = "MANDATE_LOG"
    )]
    pub log: String,
}

impl ServeArgs {
    /// Returns N to trace one in N checks that their callers do not trace; 0 to trace none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float that is too large for the integer is the largest, and rare enough"
    )]
    pub(crate) fn trace_one_in(&self) -> u64 {
        if self.otlp.is_none() || self.trace_sample <= 0.0 {
            return 0;
        }
        (1.0 / self.trace_sample).round().max(1.0) as u64
    }

    /// Returns the settings of the decision log, if there is one.
    pub(crate) fn decision_log(&self) -> Option<DecisionLogSettings> {
        let file = self.decision_log.clone().map(DecisionLogTarget::File);
        let collector = || self.decision_log_otlp.clone().map(DecisionLogTarget::Otlp);
        Some(DecisionLogSettings {
            to: file.or_else(collector)?,
            denials_only: self.decision_log_denials,
            one_in: self.decision_log_one_in,
        })
    }

    /// Returns the number of threads that serve calls.
    pub(crate) fn threads(&self) -> NonZero<usize> {
        self.threads.unwrap_or_else(threads)
    }
}

/// Returns the number of cores.
pub(crate) fn threads() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

impl Which {
    /// Returns the service that runs by itself, if one does.
    pub(crate) fn alone(self) -> Option<Peer> {
        match self {
            Self::Identity => Some(Peer::Identity),
            Self::Membership => Some(Peer::Membership),
            Self::Entitlement => Some(Peer::Entitlement),
            Self::All => None,
        }
    }
}

/// The service to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Users, service accounts, keys
    Identity,
    /// Organizations, units, resources, memberships
    Membership,
    /// The catalog, grants and decisions
    Entitlement,
    /// All three in one process
    All,
}
