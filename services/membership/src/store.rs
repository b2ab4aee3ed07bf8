//! The tables of this service. What an organization owns is reached through the organization
//! only: every function of its tables takes the organization's id, or a name that holds it.

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
use base::{Id, In};
use prost::Message;
use sea_orm::DeleteResult;

/// Rows an `INSERT`.
const CHUNK: usize = 500;

/// The primary key of what an organization owns.
fn key<I: Id>(name: &In<I>) -> (String, String) {
    let (organization, id) = (name.organization.as_str(), name.id.as_str());
    (organization.to_owned(), id.to_owned())
}

/// What tells an entity from others of its name, before it and after it.
fn new_uid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Tells the other services the new state of an entity.
fn emit(tx: &mut WriteTx, name: String, entity: Entity) {
    let change = Change {
        entity: Some(entity),
    };
    tx.emit(name, change.encode_to_vec());
}

/// That a deletion which names the version that was read has deleted its row.
fn deleted_one(result: &DeleteResult) -> Result<(), StoreError> {
    if result.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
