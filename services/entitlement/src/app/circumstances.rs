//! The context of a query: the caller's input for conditions of grants.

use ::rpc::Fault;
use prost::Message;
use prost_types::{Struct, Value, value::Kind};

/// Maximum number of values at all levels, of bytes, and of levels.
const VALUES: usize = 64;
const BYTES: usize = 4096;
const LEVELS: usize = 4;

/// Checks that a context is within its limits.
pub(super) fn check_context(field: &str, context: Option<&Struct>) -> Result<(), Fault> {
    let Some(context) = context else {
        return Ok(());
    };
    let size = Size::of_map(context);
    let wrong = if size.values > VALUES {
        format!("must have at most {VALUES} values")
    } else if context.encoded_len() > BYTES {
        format!("must have at most {BYTES} bytes")
    } else if size.levels > LEVELS {
        format!("must have at most {LEVELS} levels")
    } else {
        return Ok(());
    };
    Err(Fault::field(field, wrong))
}

/// The size of a map or a list.
struct Size {
    values: usize,
    levels: usize,
}

impl Size {
    fn of<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let empty = Self {
            values: 0,
            levels: 1,
        };
        values.fold(empty, |own, value| {
            let inner = match &value.kind {
                Some(Kind::StructValue(map)) => Self::of_map(map),
                Some(Kind::ListValue(list)) => Self::of_list(&list.values),
                _ => Self {
                    values: 0,
                    levels: 0,
                },
            };
            Self {
                values: own.values + 1 + inner.values,
                levels: own.levels.max(1 + inner.levels),
            }
        })
    }

    fn of_map(map: &Struct) -> Self {
        Self::of(map.fields.values())
    }

    fn of_list(list: &[Value]) -> Self {
        Self::of(list.iter())
    }
}
