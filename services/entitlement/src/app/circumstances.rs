//! What a caller says of the circumstances of a question, for conditions of grants.

use ::rpc::Fault;
use prost::Message;
use prost_types::{Struct, Value, value::Kind};

/// The most keys, bytes and levels.
const KEYS: usize = 64;
const BYTES: usize = 4096;
const LEVELS: usize = 4;

/// That a context is within its bounds.
pub(super) fn check_context(field: &str, context: Option<&Struct>) -> Result<(), Fault> {
    let Some(context) = context else {
        return Ok(());
    };
    let wrong = if context.fields.len() > KEYS {
        format!("must have at most {KEYS} keys")
    } else if context.encoded_len() > BYTES {
        format!("must have at most {BYTES} bytes")
    } else if levels(context.fields.values()) > LEVELS {
        format!("must have at most {LEVELS} levels")
    } else {
        return Ok(());
    };
    Err(Fault::field(field, wrong))
}

/// Of a map or a list with these values.
fn levels<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    let below = values.map(|value| match &value.kind {
        Some(Kind::StructValue(inner)) => of_map(inner),
        Some(Kind::ListValue(inner)) => of_list(&inner.values),
        _ => 0,
    });
    1 + below.max().unwrap_or_default()
}

fn of_map(map: &Struct) -> usize {
    levels(map.fields.values())
}

fn of_list(list: &[Value]) -> usize {
    levels(list.iter())
}
