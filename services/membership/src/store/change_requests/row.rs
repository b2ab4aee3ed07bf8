//! The rows of change requests, and their conversion.

use ::store::StoreError;
use api::membership::v1::ChangeRequest;
use prost::Message;
use sea_orm::entity::prelude::*;
use service::{etag, timestamp};
use types::UnixTime;

use super::{Stored, request_name};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The id of the membership, which may have ended since.
    pub membership: String,
    /// A number of `ChangeRequestState`.
    pub state: i64,
    pub requester: String,
    /// The rest of the request, encoded: no query uses it.
    pub content: Vec<u8>,
    /// The token of the grant change.
    pub applied_token: String,
    pub create_ms: i64,
    pub update_ms: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Stored {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let content = ChangeRequest::decode(row.content.as_slice())?;
        Ok(Self {
            request: ChangeRequest {
                name: request_name(&row.organization, &row.id),
                state: i32::try_from(row.state).unwrap_or_default(),
                requester: row.requester,
                create_time: timestamp(UnixTime(row.create_ms)),
                update_time: timestamp(UnixTime(row.update_ms)),
                etag: etag(row.version),
                ..content
            },
            version: row.version,
            applied_token: row.applied_token,
        })
    }
}

/// Encodes the part of a request that goes into `content`.
pub(super) fn content(request: &ChangeRequest) -> Vec<u8> {
    let content = ChangeRequest {
        kind: request.kind.clone(),
        note: request.note.clone(),
        subject: request.subject.clone(),
        decider: request.decider.clone(),
        rejection_reason: request.rejection_reason.clone(),
        failure_reason: request.failure_reason.clone(),
        named: request.named.clone(),
        ..ChangeRequest::default()
    };
    content.encode_to_vec()
}
