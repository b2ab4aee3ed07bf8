//! The rows of contacts, and their conversion.

use api::membership::v1::{Contact, ContactKind};
use sea_orm::entity::prelude::*;
use service::{etag, timestamp};
use types::UnixTime;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contacts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// True for a representative, false for a support contact.
    pub representative: bool,
    pub display_name: String,
    pub uri: String,
    pub is_primary: bool,
    pub create_ms: i64,
    pub update_ms: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Contact {
    fn from(row: Model) -> Self {
        let kind = if row.representative {
            ContactKind::Representative
        } else {
            ContactKind::Support
        };
        Self {
            name: format!("organizations/{}/contacts/{}", row.organization, row.id),
            kind: kind.into(),
            display_name: row.display_name,
            uri: row.uri,
            primary: row.is_primary,
            create_time: timestamp(UnixTime(row.create_ms)),
            update_time: timestamp(UnixTime(row.update_ms)),
            etag: etag(row.version),
        }
    }
}
