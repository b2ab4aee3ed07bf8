//! The required messages of `cerbos.request.v1` and `cerbos.response.v1`, with the required fields.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::{ListValue, Value, value::Kind};

/// `EFFECT_ALLOW`.
pub(crate) const ALLOW: i32 = 1;

/// The facts in a request.
pub(crate) type Attributes = BTreeMap<String, Value>;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckRequest {
    #[prost(message, optional, tag = "3")]
    pub(crate) principal: Option<Principal>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) resources: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Principal {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, repeated, tag = "3")]
    pub(crate) roles: Vec<String>,
    #[prost(btree_map = "string, message", tag = "4")]
    pub(crate) attributes: Attributes,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Entry {
    #[prost(string, repeated, tag = "1")]
    pub(crate) actions: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(crate) resource: Option<Resource>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(string, tag = "1")]
    pub(crate) kind: String,
    #[prost(string, tag = "3")]
    pub(crate) id: String,
    #[prost(btree_map = "string, message", tag = "4")]
    pub(crate) attributes: Attributes,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CheckResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) results: Vec<Outcome>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Outcome {
    #[prost(btree_map = "string, int32", tag = "2")]
    pub(crate) actions: BTreeMap<String, i32>,
}

pub(crate) fn text(text: impl Into<String>) -> Value {
    value(Kind::StringValue(text.into()))
}

pub(crate) fn truth(truth: bool) -> Value {
    value(Kind::BoolValue(truth))
}

pub(crate) fn list(values: impl IntoIterator<Item = String>) -> Value {
    let values = values.into_iter().map(text).collect();
    value(Kind::ListValue(ListValue { values }))
}

fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}
