//! Weighs a message before it is decoded: two bytes of it may become a thousand in memory.

use crate::inbound::Path;

/// Maximum size of a message that is not weighed, in bytes: its decoded form is small enough.
const SMALL_BYTES: usize = 4 * 1024;
/// Maximum memory of the lists and maps of a message, in bytes.
const MAX_MEMORY_BYTES: usize = 16 * 1024 * 1024;
/// Maximum depth of nested messages; the decoder refuses a deeper message.
const MAX_DEPTH: usize = 100;
/// Maximum number of fields of a message that can make it grow; the build checks it.
const MOST_FIELDS: usize = 16;

/// The fields of a message that can make it grow.
#[derive(Debug)]
pub struct Shape(pub(crate) &'static [Field]);

/// A field that may hold many values, or a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    /// The memory of one more value, in bytes; 0 if it replaces the value before.
    pub(crate) bytes: usize,
    /// The maximum number of values, if a rule sets one.
    pub(crate) most: Option<usize>,
    /// The shape of the values, if they are messages.
    pub(crate) shape: Option<&'static Shape>,
}

/// A message that is too large to decode.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// The field that is too large, such as `a.b[2].c`.
    pub(crate) field: String,
    /// A description of the limit.
    pub(crate) description: String,
}

/// Weighs an encoded message. A malformed message is left to the decoder.
pub(crate) fn weigh(shape: &Shape, encoded: &[u8]) -> Result<(), TooLarge> {
    if encoded.len() <= SMALL_BYTES {
        return Ok(());
    }
    let mut memory = MAX_MEMORY_BYTES;
    shape.weigh(encoded, &Path::ROOT, MAX_DEPTH, &mut memory)
}

impl Shape {
    fn weigh(
        &self,
        encoded: &[u8],
        at: &Path<'_>,
        depth: usize,
        memory: &mut usize,
    ) -> Result<(), TooLarge> {
        let mut counts = [0; MOST_FIELDS];
        let mut rest = encoded;
        while let Some((number, value)) = next(&mut rest) {
            let found = self.0.iter().zip(&mut counts);
            let Some((field, count)) = found.into_iter().find(|(own, _)| own.number == number)
            else {
                continue;
            };
            let values = field.values(value);
            let index = (field.bytes > 0).then_some(*count);
            *count += values;
            field.check(at, *count)?;
            *memory = memory
                .checked_sub(values * field.bytes)
                .ok_or_else(|| TooLarge {
                    field: at.child(field.name, None).to_string(),
                    description: format!(
                        "takes more than {MAX_MEMORY_BYTES} bytes of memory, the limit of a request"
                    ),
                })?;
            if let (Some(shape), Value::Bytes(encoded), Some(depth)) =
                (field.shape, value, depth.checked_sub(1))
            {
                shape.weigh(encoded, &at.child(field.name, index), depth, memory)?;
            }
        }
        Ok(())
    }
}

impl Field {
    /// Returns the number of values that an occurrence of the field adds: numbers may be packed.
    fn values(&self, value: Value<'_>) -> usize {
        match value {
            Value::Bytes(packed) if self.shape.is_none() && self.bytes <= size_of::<u64>() => {
                packed.iter().filter(|byte| **byte < 0x80).count()
            }
            _ => 1,
        }
    }

    fn check(&self, at: &Path<'_>, count: usize) -> Result<(), TooLarge> {
        match self.most {
            Some(most) if count > most => Err(TooLarge {
                field: at.child(self.name, None).to_string(),
                description: format!("must have at most {most} items"),
            }),
            _ => Ok(()),
        }
    }
}

/// A value as it is on the wire.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number,
    Bytes(&'a [u8]),
}

/// Takes the next field of a message; returns `None` at its end, or if it is malformed.
/// <https://protobuf.dev/programming-guides/encoding/>
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let key = varint(rest)?;
    let number = u32::try_from(key >> 3).ok()?;
    let value = match key & 7 {
        0 => varint(rest).map(|_| Value::Number)?,
        1 => take(rest, 8).map(|_| Value::Number)?,
        2 => {
            let length = varint(rest)?;
            Value::Bytes(take(rest, usize::try_from(length).ok()?)?)
        }
        5 => take(rest, 4).map(|_| Value::Number)?,
        _ => return None,
    };
    Some((number, value))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

#[allow(clippy::all, clippy::pedantic, reason = "generated")]
pub(crate) mod generated {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}

#[cfg(test)]
mod tests;
