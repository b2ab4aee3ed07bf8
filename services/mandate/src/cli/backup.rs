//! The arguments of `backup`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mandate_server::Which;
use types::SecretUrl;

/// Text after the options.
pub(super) const HELP: &str = "\
A backup is a folder with a manifest and one SQLite file per service, whatever database it comes
from: it can be restored into SQLite and into PostgreSQL. It holds no secrets; keep them elsewhere.

Examples:
  mandate backup create 2030-01-31 --store postgres://mandate@db/mandate
  mandate backup verify 2030-01-31 --secrets /etc/mandate/secrets
  mandate backup restore 2030-01-31 --store sqlite:/var/lib/mandate";

/// The commands for backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Copy the databases of an installation, even while they are in use.
    Create(BackupCreateArgs),
    /// Verify a backup: nothing is missing or damaged, and the audit logs are intact.
    Verify(BackupVerifyArgs),
    /// Restore a backup into empty databases.
    Restore(BackupRestoreArgs),
}

/// Arguments of `backup create`.
#[derive(Debug, Args)]
pub struct BackupCreateArgs {
    /// The folder to create; it must not exist.
    pub folder: PathBuf,
    /// The database: `sqlite:PATH` (for `all`: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
    /// The service to back up.
    #[arg(long, default_value = "all")]
    pub service: Which,
}

/// Arguments of `backup verify`.
#[derive(Debug, Args)]
pub struct BackupVerifyArgs {
    /// The folder.
    pub folder: PathBuf,
    /// The folder with the secrets of the installation, as for `mandate serve`; without it the
    /// audit logs are not verified.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: Option<PathBuf>,
}

/// Arguments of `backup restore`.
#[derive(Debug, Args)]
pub struct BackupRestoreArgs {
    /// The folder.
    pub folder: PathBuf,
    /// The database: `sqlite:PATH` (for all services: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
}
