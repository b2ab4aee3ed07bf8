//! The arguments of commands that set up an installation: secrets, service accounts, contexts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const SECRETS: &str = "\
Example:
  mandate secrets init /etc/mandate/secrets";

pub(super) const SERVICE_ACCOUNT: &str = "\
The key is printed once, without other output, and cannot be shown again.

Examples:
  mandate service-account create billing --can check --organizations all > billing.key
  mandate service-account create fleet --can check --organizations acme,umbrella --key-file fleet.key
  mandate service-account create import --can mandate.operator --organizations all";

pub(super) const CONTEXT: &str = "\
Examples:
  mandate context add production --url https://mandate.example.com --key-file billing.key --ca-file ca.crt
  mandate context use production";

/// The commands for the secrets of an installation.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Create the files that `mandate serve --secrets` needs. Existing files stay.
    Init {
        /// The folder; created if absent, readable by its owner only.
        folder: PathBuf,
    },
}

/// The commands for service accounts.
#[derive(Debug, Subcommand)]
pub enum ServiceAccountCommand {
    /// Create a service account with access, and a key for it.
    Create(ServiceAccountCreateArgs),
}

/// Arguments of `service-account create`.
#[derive(Debug, Args)]
pub struct ServiceAccountCreateArgs {
    /// The id.
    pub id: String,
    /// The display name; the id if absent.
    #[arg(long)]
    pub display_name: Option<String>,
    /// The access: `check`, to check the access of others, or a role `application.role`. Can be
    /// repeated.
    #[arg(long = "can", required = true, value_name = "WHAT")]
    pub can: Vec<String>,
    /// The organizations, separated by commas; or `all`, by a grant in the organization of the
    /// operator.
    #[arg(long, required = true, value_delimiter = ',', value_name = "WHERE")]
    pub organizations: Vec<String>,
    /// Write the key to this file, which must not exist, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Arguments of `context add`.
#[derive(Debug, Args)]
pub struct ContextAddArgs {
    /// The name of the context.
    pub name: String,
    /// The URL of all services, if they share one.
    #[arg(long, required_unless_present_all = ["identity", "membership", "entitlement"])]
    pub url: Option<String>,
    /// The URL of the identity service; `--url` if absent.
    #[arg(long, value_name = "URL")]
    pub identity: Option<String>,
    /// The URL of the membership service; `--url` if absent.
    #[arg(long, value_name = "URL")]
    pub membership: Option<String>,
    /// The URL of the entitlement service; `--url` if absent.
    #[arg(long, value_name = "URL")]
    pub entitlement: Option<String>,
    /// The file with the key to call with.
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// The CA certificates that verify the services, in PEM; needed for `https`.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Replace the context of that name.
    #[arg(long)]
    pub replace: bool,
}
