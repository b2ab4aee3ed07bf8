//! The rows of resources, and their conversion.

use ::store::WriteTx;
use api::membership::v1::{Resource, ResourceChange, change};
use sea_orm::entity::prelude::*;
use service::{etag, timestamp};
use types::UnixTime;

use crate::store::emit;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_name = "type")]
    pub resource_type: String,
    pub external_id: Option<String>,
    pub unit: String,
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

impl From<Model> for Resource {
    fn from(row: Model) -> Self {
        Self {
            name: resource_name(&row),
            unit: unit_name(&row),
            display_name: row.display_name,
            r#type: row.resource_type,
            external_id: row.external_id.unwrap_or_default(),
            create_time: timestamp(UnixTime(row.create_ms)),
            update_time: timestamp(UnixTime(row.update_ms)),
            etag: etag(row.version),
            uid: row.uid,
        }
    }
}

/// Sends the state of a resource to the other services.
pub(super) fn emit_state(tx: &mut WriteTx, row: &Model) {
    let name = resource_name(row);
    let change = ResourceChange {
        name: name.clone(),
        unit: unit_name(row),
        deleted: false,
        uid: row.uid.clone(),
        r#type: row.resource_type.clone(),
    };
    emit(tx, name, change::Entity::Resource(change));
}

fn resource_name(row: &Model) -> String {
    format!("organizations/{}/resources/{}", row.organization, row.id)
}

fn unit_name(row: &Model) -> String {
    format!("organizations/{}/units/{}", row.organization, row.unit)
}
