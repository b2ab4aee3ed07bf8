//! The tables of this service. Every function on an organization's data takes the organization's
//! id, or a name that contains it.

pub(crate) mod change_requests;
pub(crate) mod contacts;
pub(crate) mod memberships;
mod migration;
pub(crate) mod organizations;
pub(crate) mod resources;
pub(crate) mod uids;
pub(crate) mod units;

pub use migration::Migrator;

use ::store::{StoreError, WriteTx};
use api::membership::v1::{Change, change::Entity};
use prost::Message;
use sea_orm::DeleteResult;
use types::{Id, In};

/// Rows per `INSERT`.
const ROWS_PER_INSERT: usize = 500;

/// Returns the primary key of an entity of an organization.
fn key<I: Id>(name: &In<I>) -> (String, String) {
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    (organization.to_owned(), id.to_owned())
}

/// Returns a new uid, which distinguishes an entity from earlier and later ones of its name.
fn new_uid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Sends the new state of an entity to the other services.
fn emit(tx: &mut WriteTx, name: String, entity: Entity) {
    let change = Change {
        entity: Some(entity),
    };
    tx.emit(name, change.encode_to_vec());
}

/// Checks that a deletion found its row at the version that was read.
fn deleted_one(result: &DeleteResult) -> Result<(), StoreError> {
    if result.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
