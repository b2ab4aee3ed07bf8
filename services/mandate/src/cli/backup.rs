//! The arguments of `backup`.

use std::path::PathBuf;

use base::SecretUrl;
use clap::{Args, Subcommand};

use crate::run::Which;

/// What is printed after the options.
pub(super) const HELP: &str = "\
A backup is a folder with a SQLite file a service and a manifest, whatever database it is of: it is
restored into SQLite and into PostgreSQL alike. The secrets are not in it; keep them elsewhere.

Examples:
  mandate backup create 2030-01-31 --store postgres://mandate@db/mandate
  mandate backup verify 2030-01-31 --secrets /etc/mandate/secrets
  mandate backup restore 2030-01-31 --store sqlite:/var/lib/mandate";

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Copy the databases of an installation, also while they are written to.
    Create(BackupCreateArgs),
    /// Verify a backup: that nothing is missing or damaged, and that the audit logs hold.
    Verify(BackupVerifyArgs),
    /// Bring a backup back into databases where nothing is.
    Restore(BackupRestoreArgs),
}

/// Arguments of `backup create`.
#[derive(Debug, Args)]
pub struct BackupCreateArgs {
    /// The folder to make; it must not exist.
    pub folder: PathBuf,
    /// The database: `sqlite:PATH` (for `all`: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
    /// Whose databases.
    #[arg(long, default_value = "all")]
    pub service: Which,
}

/// Arguments of `backup verify`.
#[derive(Debug, Args)]
pub struct BackupVerifyArgs {
    /// The folder.
    pub folder: PathBuf,
    /// The folder with the secrets of the installation, as of `mandate serve`; without it the audit
    /// logs are not verified.
    #[arg(long, env = "MANDATE_SECRETS")]
    pub secrets: Option<PathBuf>,
}

/// Arguments of `backup restore`.
#[derive(Debug, Args)]
pub struct BackupRestoreArgs {
    /// The folder.
    pub folder: PathBuf,
    /// The database: `sqlite:PATH` (of all services: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
}
