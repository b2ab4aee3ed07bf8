//! The context of a question.

use prost::Message;
use prost_types::{ListValue, Struct, Value as Said, value::Kind};

/// Maximum number of bytes that the service accepts.
pub(crate) const LONGEST: usize = 4096;

/// Input for the conditions of grants: the network of the user, the amount of an order.
///
/// At most 64 keys, 4 KiB and four levels. A new context is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context(Struct);

impl Context {
    /// Returns an empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.fields.insert(key.into(), value.into().0);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.fields.is_empty()
    }

    pub(crate) fn length(&self) -> usize {
        self.0.encoded_len()
    }

    /// Returns the context as protobuf; `None` if it is empty.
    pub(crate) fn message(&self) -> Option<Struct> {
        (!self.is_empty()).then(|| self.0.clone())
    }

    /// Appends the context as protobuf.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode_raw(out);
    }
}

impl From<Struct> for Context {
    fn from(context: Struct) -> Self {
        Self(context)
    }
}

impl From<Context> for Struct {
    fn from(context: Context) -> Self {
        context.0
    }
}

/// A value of a context, as in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Value(Said);

impl Value {
    fn new(kind: Kind) -> Self {
        Self(Said { kind: Some(kind) })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::new(Kind::StringValue(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::new(Kind::StringValue(text))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::new(Kind::BoolValue(truth))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::new(Kind::NumberValue(number))
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::from(f64::from(number))
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        let values = values.into_iter().map(|value| value.into().0);
        Self::new(Kind::ListValue(ListValue {
            values: values.collect(),
        }))
    }
}

impl From<Context> for Value {
    fn from(context: Context) -> Self {
        Self::new(Kind::StructValue(context.0))
    }
}
