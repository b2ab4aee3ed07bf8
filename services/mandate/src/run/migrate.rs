//! `mandate migrate`: migrates databases to the version of this binary.

use clap::Args;
use store::{Migrations, StoreUrl};
use tokens::Source;
use types::SecretUrl;

use super::{failed, serve::stores_of, serve_args::Which};
use crate::{exit::Failure, output};

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

/// Migrates databases to the version of this binary.
///
/// # Errors
/// A database cannot be used.
pub async fn migrate(args: MigrateArgs) -> Result<(), Failure> {
    for (source, url) in stores_of(args.service, &args.store)? {
        match source {
            Source::Identity => migrate_one::<identity::Migrator>(&url, source).await?,
            Source::Membership => migrate_one::<membership::Migrator>(&url, source).await?,
            Source::Entitlement => migrate_one::<entitlement::Migrator>(&url, source).await?,
        }
        output::line(format!("{}: {url} is up to date", store::name_of(source)));
    }
    Ok(())
}

async fn migrate_one<M: Migrations>(url: &StoreUrl, source: Source) -> Result<(), Failure> {
    store::migrate::<M>(url, source).await.map_err(failed)
}
