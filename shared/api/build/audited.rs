//! The names in requests and responses, for the audit log.

use std::{collections::BTreeSet, error::Error, fmt::Write};

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::inbound::rust_path;

/// The fields of a request that name its target.
const NAMES: [&str; 4] = ["name", "parent", "resource", "subject"];

/// Generates an `Audited` implementation for the request and the response of each method.
///
/// # Errors
/// A line that cannot be written.
pub fn generate(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    let mut done = BTreeSet::new();
    for service in pool.services() {
        for method in service.methods() {
            let (input, output) = (method.input(), method.output());
            for (message, body) in [(&input, request(&input)), (&output, response(&output))] {
                if done.insert(message.full_name().to_owned()) {
                    writeln!(
                        out,
                        "impl crate::Audited for {} {{\n fn named(&self) -> Vec<(&str, &str)> {{ let mut out = Vec::new();\n{body} out }}\n{}{} }}",
                        rust_path(message.full_name()),
                        request_id(message),
                        consistency_token(message)
                    )?;
                }
            }
        }
    }
    Ok(out)
}

fn request_id(message: &MessageDescriptor) -> &'static str {
    if message.get_field_by_name("request_id").is_some() {
        "fn request_id(&self) -> &str { &self.request_id }"
    } else {
        "fn request_id(&self) -> &str { \"\" }"
    }
}

/// Only for responses: the token in a request names another change.
fn consistency_token(message: &MessageDescriptor) -> &'static str {
    let field = message.get_field_by_name("consistency_token");
    if field.is_some() && message.name().ends_with("Response") {
        "fn set_consistency_token(&mut self, token: String) { self.consistency_token = token; }"
    } else {
        ""
    }
}

/// Generates the names among a request's own fields, and that of the resource in it.
fn request(message: &MessageDescriptor) -> String {
    let named = message.fields().filter_map(|field| {
        let name = field.name();
        if NAMES.contains(&name) && is_string(&field) {
            return Some(format!("out.push((self.{name}.as_str(), \"\"));\n"));
        }
        let of = resource(&field).filter(|_| !field.is_list())?;
        Some(format!(
            "if let Some(item) = &self.{name} {{ out.push({of}); }}\n"
        ))
    });
    named.collect()
}

/// Generates the names of the resources in the first field of a response.
fn response(message: &MessageDescriptor) -> String {
    let Some(field) = message.get_field(1) else {
        return String::new();
    };
    let name = field.name();
    match resource(&field) {
        // A page of a list names no changed resource.
        Some(_) if message.get_field_by_name("next_page_token").is_some() => String::new(),
        Some(of) => format!("for item in self.{name}.iter() {{ out.push({of}); }}\n"),
        None => String::new(),
    }
}

/// Returns the name and the subject of the resource in a field, if it holds one.
fn resource(field: &FieldDescriptor) -> Option<String> {
    let Kind::Message(inner) = field.kind() else {
        return None;
    };
    let string = |name: &str| inner.get_field_by_name(name).filter(is_string);
    string("name")?;
    Some(match string("subject") {
        Some(_) => "(item.name.as_str(), item.subject.as_str())".to_owned(),
        None => "(item.name.as_str(), \"\")".to_owned(),
    })
}

fn is_string(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::String) && !field.is_list() && field.containing_oneof().is_none()
}
