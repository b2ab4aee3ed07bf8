//! What the descriptors say of methods, requests and fields.

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

/// Every method with its path, ordered by path.
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

/// The method of a path.
pub fn find(path: &str) -> Option<MethodDescriptor> {
    static METHODS: LazyLock<Vec<(String, MethodDescriptor)>> = LazyLock::new(methods);
    let index = METHODS.binary_search_by(|(own, _)| own.as_str().cmp(path));
    Some(METHODS[index.ok()?].1.clone())
}

/// Whether a method takes a repeatable request that can be tried without effect.
pub fn is_mutation(path: &str) -> bool {
    let input = find(path).unwrap().input();
    input.get_field_by_name("request_id").is_some()
        && input.get_field_by_name("validate_only").is_some()
}

/// Whether a method lists in pages.
pub fn is_list(path: &str) -> bool {
    let input = find(path).unwrap().input();
    input.get_field_by_name("page_token").is_some()
}

/// A request from its JSON.
pub fn request(path: &str, json: &Value) -> DynamicMessage {
    let input = find(path).unwrap().input();
    DynamicMessage::deserialize(input, json).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A request from its JSON, encoded.
pub fn encode(path: &str, json: &Value) -> Vec<u8> {
    request(path, json).encode_to_vec()
}

/// An answer.
pub fn response(path: &str, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(find(path).unwrap().output(), bytes).unwrap()
}

/// An answer as JSON.
pub fn json(path: &str, bytes: &[u8]) -> Value {
    serde_json::to_value(response(path, bytes)).unwrap()
}

/// The type of resource that a field names, if the descriptors say.
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

/// Whether a field may be left out.
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

/// A string in a request: its field, where it stands in the JSON, and what it is.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The field that holds it, in a list or not.
    pub field: FieldDescriptor,
    /// A JSON pointer.
    pub pointer: String,
    /// The string.
    pub text: String,
}

/// Every string of a request that is set.
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
        // A mask is one string in JSON.
        Field::Message(inner) if !inner.descriptor().full_name().starts_with("google.") => {
            collect(inner, &at, found);
        }
        _ => {}
    }
}
