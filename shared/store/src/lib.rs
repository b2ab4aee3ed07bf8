//! Databases by URL, migrations, and the write transaction with its outbox, its repeatable
//! requests and its audit log. The same code runs on SQLite and PostgreSQL.

mod access;
mod audit;
pub mod backup;
mod cursor;
mod error;
mod head;
mod hints;
mod history;
mod open;
mod outbox;
mod postgres;
mod prepare;
mod requests;
mod row;
pub mod schema;
mod store;
mod url;
mod write;

pub use self::store::{Store, name_of};
pub use crate::audit::read::{AuditExport, AuditQuery, Recorded};
pub use cursor::{Continuity, Cursor};
pub use error::StoreError;
pub use head::Head;
pub use history::State;
pub use open::migrate;
pub use outbox::{Backlog, Entry};
pub use row::{changed_one, new_row};
pub use sea_orm::{ConnectionTrait as Connection, DatabaseTransaction as Transaction};
pub use sea_orm_migration::MigratorTrait as Migrations;
pub use url::StoreUrl;
pub use write::{Turn, WriteTx};
