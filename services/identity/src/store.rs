//! The tables of this service.

pub(crate) mod keys;
mod migration;
pub(crate) mod root_keys;
pub(crate) mod service_accounts;
pub(crate) mod users;

pub use migration::Migrator;

use api::identity::v1::{Change, change::Entity};
use prost::Message;
use store::WriteTx;

/// Sends the new state of an entity to the other services.
fn emit(tx: &mut WriteTx, name: String, entity: Entity) {
    let change = Change {
        entity: Some(entity),
    };
    tx.emit(name, change.encode_to_vec());
}
