//! The arguments of what makes an installation usable: secrets, service accounts, contexts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const SECRETS: &str = "\
Example:
  mandate secrets init /etc/mandate/secrets";

pub(super) const SERVICE_ACCOUNT: &str = "\
The key is printed once, alone, and cannot be shown again.

Examples:
  mandate service-account create billing --can check --organizations all > billing.key
  mandate service-account create fleet --can check --organizations acme,umbrella --key-file fleet.key
  mandate service-account create import --can mandate.operator --organizations all";

pub(super) const CONTEXT: &str = "\
Examples:
  mandate context add production --url https://mandate.example.com --key-file billing.key --ca-file ca.crt
  mandate context use production";

/// What to do with the secrets of an installation.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Make the files that `mandate serve --secrets` needs. What is there already stays.
    Init {
        /// The folder; it is made if it is not there, for its owner only.
        folder: PathBuf,
    },
}

/// What to do with service accounts.
#[derive(Debug, Subcommand)]
pub enum ServiceAccountCommand {
    /// Make a service account that can do something, and a key of it.
    Create(ServiceAccountCreateArgs),
}

/// Arguments of `service-account create`.
#[derive(Debug, Args)]
pub struct ServiceAccountCreateArgs {
    /// The id.
    pub id: String,
    /// What people call it; the id when absent.
    #[arg(long)]
    pub display_name: Option<String>,
    /// What it can do: `check`, to ask what others may, or a role `application.role`. May be given
    /// several times.
    #[arg(long = "can", required = true, value_name = "WHAT")]
    pub can: Vec<String>,
    /// Where: `all`, by a grant in the organization of the operator, or organizations, with commas
    /// between.
    #[arg(long, required = true, value_delimiter = ',', value_name = "WHERE")]
    pub organizations: Vec<String>,
    /// Write the key into this file, which must not exist, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Arguments of `context add`.
#[derive(Debug, Args)]
pub struct ContextAddArgs {
    /// What to call it.
    pub name: String,
    /// The URL of all services, where they are behind one.
    #[arg(long, required_unless_present_all = ["identity", "membership", "entitlement"])]
    pub url: Option<String>,
    /// The URL of the identity service; that of all when absent.
    #[arg(long, value_name = "URL")]
    pub identity: Option<String>,
    /// The URL of the membership service; that of all when absent.
    #[arg(long, value_name = "URL")]
    pub membership: Option<String>,
    /// The URL of the entitlement service; that of all when absent.
    #[arg(long, value_name = "URL")]
    pub entitlement: Option<String>,
    /// The file that holds the key to call with.
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
    /// The certificates that vouch for the services, PEM; needed for `https`.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Take the place of a context of that name.
    #[arg(long)]
    pub replace: bool,
}
