//! Migration of databases to the version of this binary.

use store::{Migrations, StoreUrl};
use tokens::Source;

use crate::ServerError;

/// Migrates the database of one service to the version of this binary.
///
/// # Errors
/// The database cannot be used.
pub async fn migrate(source: Source, url: &StoreUrl) -> Result<(), ServerError> {
    match source {
        Source::Identity => migrate_with::<identity::Migrator>(source, url).await,
        Source::Membership => migrate_with::<membership::Migrator>(source, url).await,
        Source::Entitlement => migrate_with::<entitlement::Migrator>(source, url).await,
    }
}

async fn migrate_with<M: Migrations>(source: Source, url: &StoreUrl) -> Result<(), ServerError> {
    let migrated = store::migrate::<M>(url, source).await;
    migrated.map_err(ServerError::from_error)
}
