//! The arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Text after the options.
pub(super) const HELP: &str = "\
Each service keeps an audit log of the data that it owns; these commands cover all three. Keep
exports apart from the databases: yesterday's export shows whether today's log was truncated or
rewritten.

Examples:
  mandate audit list transport-janssens --actor jan-peeters
  mandate audit export audit.jsonl
  mandate audit verify audit.jsonl --anchor yesterday.jsonl --secrets /etc/mandate/secrets
  mandate audit decisions decisions.jsonl --subject jan-peeters --secrets /etc/mandate/secrets";

/// The commands for the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List changes, recorded reads and refusals in an organization, the latest first.
    List(AuditListArgs),
    /// Export the whole log to a file, to be kept elsewhere; for the operator.
    Export {
        /// The file; it must not exist.
        file: PathBuf,
        /// Continue an interrupted export.
        #[arg(long)]
        resume: bool,
    },
    /// Verify an exported file, offline: no record was altered, removed, moved, inserted or cut
    /// off.
    Verify(AuditVerifyArgs),
    /// Read a decision log, offline, and filter it by subject.
    Decisions(DecisionsArgs),
    /// Erase a person from the audit log (crypto-shredding), in every copy of it; for the operator.
    Forget {
        /// The user: `jan-peeters` or `users/jan-peeters`.
        user: String,
    },
}

/// Arguments of `audit list`.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// The organization; `operator` for records that belong to no customer.
    pub organization: String,
    /// Only calls by this subject.
    #[arg(long)]
    pub actor: Option<String>,
    /// Only calls of this method, such as `mandate.entitlement.v1.GrantService.CreateGrant`.
    #[arg(long, default_value = "")]
    pub method: String,
    /// Only records of this time or later, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records before this time, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Maximum number of records.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
}

/// Arguments of `audit decisions`.
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    /// The file, as for `mandate serve --decision-log`; older files beside it are read, too.
    pub file: PathBuf,
    /// Only decisions about this subject: `jan-peeters`, `users/jan-peeters` or
    /// `serviceAccounts/billing`.
    #[arg(long)]
    pub subject: Option<String>,
    /// The folder with the secrets of the installation, as for `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// The file.
    pub file: PathBuf,
    /// An earlier export, kept elsewhere: the log must still hold all its records.
    #[arg(long)]
    pub anchor: Option<PathBuf>,
    /// The folder with the secrets of the installation, as for `mandate serve`.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: PathBuf,
}
