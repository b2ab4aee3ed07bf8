//! Invalid requests, made from valid ones.

use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use crate::random::Random;

/// Lengths at the limits of fields and of 16 bits (K-p).
const LENGTHS: [usize; 17] = [
    1, 16, 17, 63, 64, 65, 128, 129, 254, 255, 256, 257, 512, 1024, 65_535, 65_536, 65_537,
];
const COUNTS: [usize; 9] = [0, 2, 16, 17, 256, 257, 1000, 1001, 5000];
const SECONDS: [i64; 7] = [
    -62_135_596_801,
    -62_135_596_800,
    253_402_300_799,
    253_402_300_800,
    i64::MIN,
    i64::MAX,
    0,
];
const NANOS: [i32; 4] = [-1, 1_000_000_000, i32::MIN, i32::MAX];
const TEXTS: [&str; 12] = [
    "",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{202e}abc",
    "e\u{301}",
    "'; DROP TABLE users; --",
    "${jndi:x}",
    "%s%n",
    "../../etc/passwd",
    "=cmd|'/c calc'!A0",
    "\u{10ffff}",
];

/// Returns an encoded request with one or two mutations.
pub fn mutant(valid: &DynamicMessage, random: &mut Random) -> Vec<u8> {
    let mut message = valid.clone();
    match random.below(10) {
        0..=5 => {
            for _ in 0..=random.below(2) {
                mutate(&mut message, random);
            }
            message.encode_to_vec()
        }
        kind => encoded(kind, message.encode_to_vec(), random),
    }
}

/// Mutates the encoding.
fn encoded(kind: usize, mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    match kind {
        6 if !bytes.is_empty() => bytes.truncate(random.below(bytes.len())),
        7 if !bytes.is_empty() => {
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        8 => {
            let length = random.below(200);
            bytes = random.bytes(length);
        }
        _ => bytes.extend(unknown(random)),
    }
    bytes
}

/// Returns unknown fields: numbers, long strings, nested groups, group ends without a start, wrong
/// wire types.
fn unknown(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => vec![0xf8, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f],
        1 => {
            let mut bytes = vec![0xc2, 0x3e, 0x80, 0x80, 0x04];
            bytes.extend(vec![0; 1 << 16]);
            bytes
        }
        2 => [[0xc3, 0x3e].repeat(5000), [0xc4, 0x3e].repeat(5000)].concat(),
        3 => [0xc3, 0x3e].repeat(20_000),
        4 => vec![0x0c],
        _ => vec![0x0d, 1, 2, 3, 4, 0x11, 1],
    }
}

fn mutate(message: &mut DynamicMessage, random: &mut Random) {
    let fields: Vec<_> = message.descriptor().fields().collect();
    if fields.is_empty() {
        return;
    }
    let field = random.of(&fields);
    // The fields of a nested message are mutated more often than the message as a whole.
    if random.below(4) > 0 && message.has_field(&field) {
        match message.get_field_mut(&field) {
            Value::Message(inner) if !is_known(inner) => return mutate(inner, random),
            Value::List(items) if !items.is_empty() && random.below(2) == 0 => {
                let index = random.below(items.len());
                let kind = field.kind();
                return match &mut items[index] {
                    Value::Message(inner) => mutate(inner, random),
                    item => *item = value(&kind, random),
                };
            }
            _ => {}
        }
    }
    if random.below(4) == 0 {
        return message.clear_field(&field);
    }
    let value = any(&field, message, random);
    message.set_field(&field, value);
}

fn any(field: &FieldDescriptor, message: &DynamicMessage, random: &mut Random) -> Value {
    if field.is_map() {
        return Value::Map([(MapKey::String("a".to_owned()), value(&field.kind(), random))].into());
    }
    if !field.is_list() {
        return value(&field.kind(), random);
    }
    let first = message
        .get_field(field)
        .as_list()
        .and_then(|list| list.first().cloned());
    let item = match first {
        Some(item) if random.below(2) == 0 => item,
        _ => value(&field.kind(), random),
    };
    let length = item.as_str().map_or(100, str::len);
    // The list stays within the size limit of messages.
    let count = random.of(&COUNTS).min((2 << 20) / (length + 1));
    Value::List(vec![item; count])
}

fn value(kind: &Kind, random: &mut Random) -> Value {
    match kind {
        Kind::String => Value::String(text(random)),
        Kind::Bytes => Value::Bytes(random.bytes(32).into()),
        Kind::Bool => Value::Bool(random.below(2) == 0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(random.of(&[-1, 0, 1, 1001, i32::MIN, i32::MAX]))
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(random.of(&[-1, 0, 1, i64::MIN, i64::MAX]))
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(random.of(&[0, u32::MAX])),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(random.of(&[0, u64::MAX])),
        Kind::Float => Value::F32(f32::NAN),
        Kind::Double => Value::F64(f64::NAN),
        Kind::Enum(_) => Value::EnumNumber(random.of(&[-1, 0, 1, 2, 99, i32::MAX, i32::MIN])),
        Kind::Message(inner) => Value::Message(built(inner, random)),
    }
}

fn text(random: &mut Random) -> String {
    if random.below(2) == 0 {
        return random.of(&TEXTS).to_owned();
    }
    let part = random.of(&["a", "A", "\u{e9}", "/", "organizations/alpha/", ".", "-"]);
    part.repeat(random.of(&LENGTHS))
}

/// Returns true for the well-known types of protobuf, whose values have special limits.
fn is_known(message: &DynamicMessage) -> bool {
    message
        .descriptor()
        .full_name()
        .starts_with("google.protobuf.")
}

fn built(descriptor: &MessageDescriptor, random: &mut Random) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => {
            message.set_field_by_name("seconds", Value::I64(random.of(&SECONDS)));
            message.set_field_by_name("nanos", Value::I32(random.of(&NANOS)));
        }
        "google.protobuf.FieldMask" => {
            let path = random.of(&[
                "*",
                "",
                "name",
                "etag",
                "state",
                "nope",
                "display_name",
                "scope.units",
            ]);
            let paths = vec![Value::String(path.to_owned()); random.of(&COUNTS)];
            message.set_field_by_name("paths", Value::List(paths));
        }
        _ => {}
    }
    message
}
