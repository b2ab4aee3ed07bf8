//! The required messages of `authzed.api.v1`, with the required fields.

use prost::Message;

use crate::facts;

/// `PERMISSIONSHIP_HAS_PERMISSION`.
pub(crate) const HAS_PERMISSION: i32 = 2;
/// `OPERATION_DELETE`.
pub(crate) const DELETE: i32 = 3;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Object {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Subject {
    #[prost(message, optional, tag = "1")]
    object: Option<Object>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Relationship {
    #[prost(message, optional, tag = "1")]
    resource: Option<Object>,
    #[prost(string, tag = "2")]
    relation: String,
    #[prost(message, optional, tag = "3")]
    subject: Option<Subject>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckRequest {
    #[prost(message, optional, tag = "2")]
    pub(crate) resource: Option<Object>,
    #[prost(string, tag = "3")]
    pub(crate) permission: String,
    #[prost(message, optional, tag = "4")]
    pub(crate) subject: Option<Subject>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckResponse {
    #[prost(int32, tag = "2")]
    pub(crate) permissionship: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckBulkRequest {
    #[prost(message, repeated, tag = "2")]
    pub(crate) items: Vec<BulkItem>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BulkItem {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Object>,
    #[prost(string, tag = "2")]
    pub(crate) permission: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) subject: Option<Subject>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckBulkResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) pairs: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Pair {
    /// Absent if the question could not be answered.
    #[prost(message, optional, tag = "2")]
    pub(crate) item: Option<Item>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Item {
    #[prost(int32, tag = "1")]
    pub(crate) permissionship: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ImportRequest {
    #[prost(message, repeated, tag = "1")]
    pub(crate) relationships: Vec<Relationship>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ImportResponse {
    #[prost(uint64, tag = "1")]
    pub(crate) loaded: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Update {
    #[prost(int32, tag = "1")]
    pub(crate) operation: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) relationship: Option<Relationship>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub(crate) updates: Vec<Update>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteResponse {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteSchemaRequest {
    #[prost(string, tag = "1")]
    pub(crate) schema: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteSchemaResponse {}

impl Object {
    pub(crate) fn of(object: &facts::Object) -> Self {
        Self {
            kind: object.kind.to_owned(),
            id: object.id.clone(),
        }
    }
}

impl From<Object> for Subject {
    fn from(object: Object) -> Self {
        Self {
            object: Some(object),
        }
    }
}

impl Relationship {
    pub(crate) fn of(relation: &facts::Relation) -> Self {
        Self {
            resource: Some(Object::of(&relation.object)),
            relation: relation.relation.to_owned(),
            subject: Some(Object::of(&relation.subject).into()),
        }
    }
}
