//! The rows of memberships, and their conversion.

use ::store::WriteTx;
use api::membership::v1::{Membership, MembershipChange, MembershipState, change};
use sea_orm::entity::prelude::*;
use service::{etag, timestamp};
use types::UnixTime;

use crate::store::{change_requests::request_name, emit};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub subject: String,
    pub active: bool,
    pub subscription_active: bool,
    pub create_ms: i64,
    pub update_ms: i64,
    pub version: i64,
    /// Empty for rows from before `uid`s existed.
    pub uid: String,
    /// The id of the pending change request.
    pub pending_request: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Membership {
    fn from(row: Model) -> Self {
        let state = if row.active {
            MembershipState::Active
        } else {
            MembershipState::Suspended
        };
        let pending = row.pending_request.as_ref();
        let pending = pending.map(|id| request_name(&row.organization, id));
        Self {
            name: name(&row),
            pending_request: pending.unwrap_or_default(),
            subject: row.subject,
            subscription_active: row.subscription_active,
            state: state.into(),
            details: None,
            create_time: timestamp(UnixTime(row.create_ms)),
            update_time: timestamp(UnixTime(row.update_ms)),
            etag: etag(row.version),
            uid: row.uid,
        }
    }
}

/// Sends the state of a membership to the other services.
pub(super) fn emit_state(tx: &mut WriteTx, row: &Model) {
    let name = name(row);
    let change = MembershipChange {
        name: name.clone(),
        subject: row.subject.clone(),
        active: row.active,
        subscription_active: row.subscription_active,
        deleted: false,
        uid: row.uid.clone(),
    };
    emit(tx, name, change::Entity::Membership(change));
}

fn name(row: &Model) -> String {
    format!("organizations/{}/memberships/{}", row.organization, row.id)
}
