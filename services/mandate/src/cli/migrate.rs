//! The arguments of `migrate`.

use clap::Args;
use mandate_server::Which;
use types::SecretUrl;

/// Migrate the databases to the version of this binary, before its servers start.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  mandate migrate all --store postgres://mandate@db/mandate

Servers migrate on start, too; migrating first keeps a rollout from waiting for it.")]
pub struct MigrateArgs {
    /// The service whose databases to migrate
    pub service: Which,

    /// The database: `sqlite:PATH` (for `all`: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
}
