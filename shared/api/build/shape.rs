//! The memory that decoding may take, as a table for each message that a server decodes.

use std::{collections::BTreeMap, error::Error, fmt::Write};

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::inbound::{max_items, rust_path};

/// Maximum number of fields of a message that can make it grow; the same as in `src/shape.rs`.
const MOST_FIELDS: usize = 16;

/// Generates a `Shape` for every message that a method takes and for all messages within it.
///
/// # Errors
/// A type that has no name in Rust.
pub fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut messages = BTreeMap::new();
    for method in pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
    {
        collect(&method.input(), &mut messages);
    }
    let mut out = String::new();
    for message in messages.values() {
        let rows = message.fields().map(|field| row(pool, &field));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<String> = rows.into_iter().flatten().collect();
        if rows.len() > MOST_FIELDS {
            return Err(format!("`{}` has too many lists", message.full_name()).into());
        }
        let fields = rows.concat();
        writeln!(
            out,
            "pub(crate) static {}: crate::shape::Shape = crate::shape::Shape(&[\n{fields}]);",
            shape_name(message)
        )?;
    }
    Ok(out)
}

/// Returns the name of the static that holds the shape of a message.
pub fn shape_name(message: &MessageDescriptor) -> String {
    message.full_name().replace('.', "_").to_uppercase()
}

fn collect(message: &MessageDescriptor, into: &mut BTreeMap<String, MessageDescriptor>) {
    let name = message.full_name().to_owned();
    if into.insert(name, message.clone()).is_none() {
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                collect(&inner, into);
            }
        }
    }
}

/// Generates the row of a field that can hold more than one value, or a message that may.
fn row(pool: &DescriptorPool, field: &FieldDescriptor) -> Result<Option<String>, Box<dyn Error>> {
    let is_repeated = field.cardinality() == Cardinality::Repeated;
    let message = match field.kind() {
        Kind::Message(message) => Some(message),
        _ => None,
    };
    if !is_repeated && message.is_none() {
        return Ok(None);
    }
    let bytes = match &message {
        _ if !is_repeated => "0".to_owned(),
        // A key and a value, in a tree that may be half empty.
        Some(entry) if entry.is_map_entry() => {
            let value = entry.map_entry_value_field();
            format!("2 * (size_of::<String>() + {})", size(&value)?)
        }
        _ => size(field)?,
    };
    let most = max_items(pool, field)?;
    let shape = message.map(|message| format!("&{}", shape_name(&message)));
    let shape = shape.map_or("None".to_owned(), |shape| format!("Some({shape})"));
    Ok(Some(format!(
        "    crate::shape::Field {{ number: {}, name: {:?}, bytes: {bytes}, most: {most:?}, shape: {shape} }},\n",
        field.number(),
        field.name(),
    )))
}

/// Returns the size of one value in memory, without the data that it points to.
fn size(field: &FieldDescriptor) -> Result<String, Box<dyn Error>> {
    let of = match field.kind() {
        Kind::Message(message) => match message.full_name().strip_prefix("google.protobuf.") {
            Some(name) => format!("::prost_types::{name}"),
            None => rust_path(message.full_name()),
        },
        Kind::String | Kind::Bytes => "String".to_owned(),
        Kind::Enum(_) | Kind::Int32 | Kind::Uint32 => "u32".to_owned(),
        Kind::Int64 | Kind::Uint64 | Kind::Double => "u64".to_owned(),
        other => return Err(format!("the size of a `{other:?}` is unknown").into()),
    };
    Ok(format!("size_of::<{of}>()"))
}
