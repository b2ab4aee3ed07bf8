//! The rows of units, and their conversion.

use ::store::WriteTx;
use api::membership::v1::{Unit, UnitChange, change};
use sea_orm::entity::prelude::*;
use service::{etag, timestamp};
use types::UnixTime;

use crate::store::emit;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "units")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub parent: Option<String>,
    pub kind: String,
    pub number: String,
    pub display_name: String,
    pub create_ms: i64,
    pub update_ms: i64,
    pub version: i64,
    /// Empty for rows from before `uid`s existed.
    pub uid: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Unit {
    fn from(row: Model) -> Self {
        Self {
            name: unit_name(&row.organization, &row.id),
            parent_unit: parent_name(&row),
            display_name: row.display_name,
            kind: row.kind,
            number: row.number,
            create_time: timestamp(UnixTime(row.create_ms)),
            update_time: timestamp(UnixTime(row.update_ms)),
            etag: etag(row.version),
            uid: row.uid,
        }
    }
}

/// Sends the state of a unit to the other services.
pub(super) fn emit_state(tx: &mut WriteTx, row: &Model) {
    let name = unit_name(&row.organization, &row.id);
    let change = UnitChange {
        name: name.clone(),
        parent_unit: parent_name(row),
        deleted: false,
        uid: row.uid.clone(),
    };
    emit(tx, name, change::Entity::Unit(change));
}

fn unit_name(organization: &str, id: &str) -> String {
    format!("organizations/{organization}/units/{id}")
}

fn parent_name(row: &Model) -> String {
    let parent = row.parent.as_ref();
    parent.map_or_else(String::new, |parent| unit_name(&row.organization, parent))
}
