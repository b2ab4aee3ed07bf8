//! Methods, requests and fields, according to the descriptors.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MethodDescriptor, ReflectMessage,
    Value as Field,
};
use serde_json::Value;

/// The interface.
pub static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(api::DESCRIPTORS).unwrap());

/// Returns every method with its path, ordered by path.
pub fn methods() -> Vec<(String, MethodDescriptor)> {
    let services = POOL.services();
    let mut methods: Vec<_> = services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            (path, method)
        })
        .collect();
    methods.sort_by(|left, right| left.0.cmp(&right.0));
    methods
}

/// Finds the method of a path.
pub fn find(path: &str) -> Option<MethodDescriptor> {
    static METHODS: LazyLock<Vec<(String, MethodDescriptor)>> = LazyLock::new(methods);
    let index = METHODS.binary_search_by(|(own, _)| own.as_str().cmp(path));
    Some(METHODS[index.ok()?].1.clone())
}

/// Returns true if a method takes a repeatable request with a dry run.
pub fn is_mutation(path: &str) -> bool {
    let input = find(path).unwrap().input();
    input.get_field_by_name("request_id").is_some()
        && input.get_field_by_name("validate_only").is_some()
}

/// Returns true if a method lists in pages.
pub fn is_list(path: &str) -> bool {
    let input = find(path).unwrap().input();
    input.get_field_by_name("page_token").is_some()
}

/// Builds a request from JSON.
pub fn request(path: &str, json: &Value) -> DynamicMessage {
    let input = find(path).unwrap().input();
    DynamicMessage::deserialize(input, json).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Encodes a request from JSON.
pub fn encode(path: &str, json: &Value) -> Vec<u8> {
    request(path, json).encode_to_vec()
}

/// Decodes an answer.
pub fn response(path: &str, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(find(path).unwrap().output(), bytes).unwrap()
}

/// Converts an answer to JSON.
pub fn json(path: &str, bytes: &[u8]) -> Value {
    serde_json::to_value(response(path, bytes)).unwrap()
}

/// Returns the type of resource that a field refers to, if the descriptors name one.
pub fn refers_to(field: &FieldDescriptor) -> Option<String> {
    let options = field.options();
    let extension = POOL.get_extension_by_name("google.api.resource_reference")?;
    if !options.has_extension(&extension) {
        return None;
    }
    let reference = options.get_extension(&extension);
    let kind = reference.as_message()?.get_field_by_name("type")?;
    Some(kind.as_str()?.to_owned())
}

/// Returns true if a field may be omitted.
pub fn is_optional(field: &FieldDescriptor) -> bool {
    const OPTIONAL: i32 = 1;
    let options = field.options();
    let extension = POOL
        .get_extension_by_name("google.api.field_behavior")
        .unwrap();
    let behaviors = options.get_extension(&extension);
    let Field::List(behaviors) = behaviors.as_ref() else {
        return false;
    };
    behaviors.contains(&Field::EnumNumber(OPTIONAL))
}

/// A string in a request, with its field and location.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The field of the string, which may be a list.
    pub field: FieldDescriptor,
    /// The JSON pointer of the string.
    pub pointer: String,
    /// The text of the string.
    pub text: String,
}

/// Returns every non-empty string of a request.
pub fn leaves(path: &str, json: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(&request(path, json), "", &mut found);
    found
}

fn collect(message: &DynamicMessage, at: &str, found: &mut Vec<Leaf>) {
    for (field, value) in message.fields() {
        let at = format!("{at}/{}", field.json_name());
        match value {
            Field::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    visit(&field, item, format!("{at}/{index}"), found);
                }
            }
            value => visit(&field, value, at, found),
        }
    }
}

fn visit(field: &FieldDescriptor, value: &Field, at: String, found: &mut Vec<Leaf>) {
    match value {
        Field::String(text) => found.push(Leaf {
            field: field.clone(),
            pointer: at,
            text: text.clone(),
        }),
        // JSON represents a field mask as one string.
        Field::Message(inner) if !inner.descriptor().full_name().starts_with("google.") => {
            collect(inner, &at, found);
        }
        _ => {}
    }
}
