//! `mandate migrate`: brings databases to the version of this binary.

use base::SecretUrl;
use clap::Args;
use seal::Source;
use store::{Migrations, StoreUrl};

use super::{failed, serve::all_stores, serve_args::Which};
use crate::{exit::Failure, output};

/// Bring the databases to the version of this binary, before its servers start.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  mandate migrate all --store postgres://mandate@db/mandate

Servers migrate when they start, too; migrating first keeps a rollout from waiting for it.")]
pub struct MigrateArgs {
    /// Whose databases
    pub service: Which,

    /// The database: `sqlite:PATH` (for `all`: a folder) or `postgres://…`
    #[arg(long, env = "MANDATE_STORE", hide_env_values = true)]
    pub store: SecretUrl,
}

/// Brings databases to the version of this binary.
///
/// # Errors
/// A database cannot be used.
pub async fn migrate(args: MigrateArgs) -> Result<(), Failure> {
    let one = || StoreUrl::parse(args.store.clone()).map_err(failed);
    let (mut identity, mut membership, mut entitlement) = (None, None, None);
    match args.service {
        Which::Identity => identity = Some(one()?),
        Which::Membership => membership = Some(one()?),
        Which::Entitlement => entitlement = Some(one()?),
        Which::All => {
            let stores = all_stores(&args.store)?;
            identity = Some(stores.identity);
            membership = Some(stores.membership);
            entitlement = Some(stores.entitlement);
        }
    }
    if let Some(url) = identity {
        migrate_one::<identity::Migrator>("identity", &url, Source::Identity).await?;
    }
    if let Some(url) = membership {
        migrate_one::<membership::Migrator>("membership", &url, Source::Membership).await?;
    }
    if let Some(url) = entitlement {
        migrate_one::<entitlement::Migrator>("entitlement", &url, Source::Entitlement).await?;
    }
    Ok(())
}

async fn migrate_one<M: Migrations>(
    service: &str,
    url: &StoreUrl,
    source: Source,
) -> Result<(), Failure> {
    store::migrate::<M>(url, source).await.map_err(failed)?;
    output::line(format!("{service}: {url} is up to date"));
    Ok(())
}
