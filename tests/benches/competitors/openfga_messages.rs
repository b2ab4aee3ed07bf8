//! The required messages of `openfga.v1`, with the required fields.

use std::collections::BTreeMap;

use prost::Message;

use crate::facts;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Tuple {
    #[prost(string, tag = "1")]
    pub(crate) user: String,
    #[prost(string, tag = "2")]
    pub(crate) relation: String,
    #[prost(string, tag = "3")]
    pub(crate) object: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckRequest {
    #[prost(string, tag = "1")]
    pub(crate) store: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) tuple: Option<Tuple>,
    #[prost(string, tag = "4")]
    pub(crate) model: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckResponse {
    #[prost(bool, tag = "1")]
    pub(crate) allowed: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckRequest {
    #[prost(string, tag = "1")]
    pub(crate) store: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) checks: Vec<BatchItem>,
    #[prost(string, tag = "3")]
    pub(crate) model: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchItem {
    #[prost(message, optional, tag = "1")]
    pub(crate) tuple: Option<Tuple>,
    /// The id that identifies the answer.
    #[prost(string, tag = "4")]
    pub(crate) correlation: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchCheckResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) result: BTreeMap<String, BatchResult>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BatchResult {
    /// Absent if the question could not be answered.
    #[prost(bool, optional, tag = "1")]
    pub(crate) allowed: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteRequest {
    #[prost(string, tag = "1")]
    pub(crate) store: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) writes: Option<Tuples>,
    #[prost(message, optional, tag = "3")]
    pub(crate) deletes: Option<Tuples>,
    #[prost(string, tag = "4")]
    pub(crate) model: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Tuples {
    #[prost(message, repeated, tag = "1")]
    pub(crate) tuples: Vec<Tuple>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WriteResponse {}

impl Tuple {
    pub(crate) fn of(relation: &facts::Relation) -> Self {
        Self {
            user: name(&relation.subject),
            relation: relation.relation.to_owned(),
            object: name(&relation.object),
        }
    }
}

/// Returns the name of an object in this system.
pub(crate) fn name(object: &facts::Object) -> String {
    format!("{}:{}", object.kind, object.id)
}
