//! Field rules (`buf.validate`) compiled to direct field access.
//!
//! Only the rules that the protobuf files use are implemented here; any other rule fails the build,
//! so that every written rule is enforced.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write,
};

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use types::Grammar;

use crate::shape::shape_name;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Generates an `Inbound` implementation for every message that a method takes, and for all
/// messages within it; an empty one for every message that a method returns.
///
/// # Errors
/// An unknown rule.
pub fn generate(pool: &DescriptorPool) -> Result<String> {
    let mut requests = BTreeMap::new();
    let mut responses = BTreeSet::new();
    for method in pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
    {
        collect(&method.input(), &mut requests);
        responses.insert(method.output().full_name().to_owned());
    }
    let mut out = String::new();
    for message in requests.values() {
        let mut body = String::new();
        for field in message.fields() {
            field_checks(pool, &field, &mut body)?;
        }
        oneof_checks(pool, message, &mut body)?;
        let path = rust_path(message.full_name());
        let shape = shape_name(message);
        writeln!(
            out,
            "impl crate::Inbound for {path} {{\n    fn shape() -> &'static crate::Shape {{ &crate::shape::generated::{shape} }}\n    fn inspect(&self, at: &crate::Path<'_>, out: &mut crate::Violations) {{\n        let _ = (at, &out);\n{body}    }}\n}}"
        )?;
    }
    for name in responses
        .iter()
        .filter(|name| !requests.contains_key(*name))
    {
        writeln!(out, "impl crate::Inbound for {} {{}}", rust_path(name))?;
    }
    Ok(out)
}

fn collect(message: &MessageDescriptor, into: &mut BTreeMap<String, MessageDescriptor>) {
    if message.full_name().starts_with("google.")
        || into
            .insert(message.full_name().to_owned(), message.clone())
            .is_some()
    {
        return;
    }
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            collect(&inner, into);
        }
    }
}

fn field_checks(pool: &DescriptorPool, field: &FieldDescriptor, out: &mut String) -> Result<()> {
    let rules = rules(pool, &field.options(), "buf.validate.field");
    let name = field.name();
    let ident = if name == "type" {
        "r#type".to_owned()
    } else {
        name.to_snake_case()
    };
    if let Some(oneof) = field.containing_oneof() {
        let variant = format!(
            "{}::{}",
            rust_path(oneof.full_name()),
            name.to_upper_camel_case()
        );
        let mut inner = String::new();
        value_checks(
            &field.kind(),
            name,
            "value",
            None,
            rules.as_ref(),
            &mut inner,
        )?;
        if !inner.is_empty() {
            write!(
                out,
                "        if let Some({variant}(value)) = &self.{} {{\n{inner}        }}\n",
                oneof.name()
            )?;
        }
        return Ok(());
    }
    if field.is_list() {
        let alone = option(pool, &field.options(), "mandate.common.v1.judged_alone");
        return list_checks(field, &ident, rules.as_ref(), alone, out);
    }
    if matches!(field.kind(), Kind::Message(_)) {
        let required = rules.as_ref().is_some_and(|rules| flag(rules, "required"));
        let mut inner = String::new();
        value_checks(&field.kind(), name, "value", None, None, &mut inner)?;
        write!(
            out,
            "        match &self.{ident} {{\n            Some(value) => {{ let _ = value;\n{inner}            }}\n"
        )?;
        let absent = if required {
            format!("out.push(at, {name:?}, None, \"must be set\")")
        } else {
            "{}".to_owned()
        };
        write!(out, "            None => {absent},\n        }}\n")?;
        return Ok(());
    }
    let access = match field.kind() {
        Kind::String | Kind::Bytes => format!("&self.{ident}"),
        _ => format!("self.{ident}"),
    };
    let mut inner = String::new();
    value_checks(
        &field.kind(),
        name,
        "value",
        None,
        rules.as_ref(),
        &mut inner,
    )?;
    if !inner.is_empty() {
        write!(out, "        {{ let value = {access};\n{inner}        }}\n")?;
    }
    Ok(())
}

/// Returns the maximum number of items of a list.
///
/// # Errors
/// A rule that is not a number.
pub fn max_items(pool: &DescriptorPool, field: &FieldDescriptor) -> Result<Option<u64>> {
    let rules = rules(pool, &field.options(), "buf.validate.field");
    let Some(repeated) = rules.and_then(|rules| group(&rules, "repeated")) else {
        return Ok(None);
    };
    let found = set_fields(&repeated)
        .into_iter()
        .find(|(rule, _)| rule == "max_items");
    let most = found.map(|(_, value)| value.as_u64().ok_or("`max_items` is not a number"));
    Ok(most.transpose()?)
}

fn list_checks(
    field: &FieldDescriptor,
    ident: &str,
    rules: Option<&DynamicMessage>,
    alone: bool,
    out: &mut String,
) -> Result<()> {
    let name = field.name();
    let repeated = rules.and_then(|rules| group(rules, "repeated"));
    let mut items = None;
    if let Some(repeated) = &repeated {
        for (rule, value) in set_fields(repeated) {
            match (rule.as_str(), &value) {
                ("min_items", Value::U64(n)) => writeln!(
                    out,
                    "        if self.{ident}.len() < {n} {{ out.push(at, {name:?}, None, \"must have at least {n} items\"); }}"
                )?,
                // Items of an oversized list are not checked.
                ("max_items", Value::U64(n)) => writeln!(
                    out,
                    "        if self.{ident}.len() > {n} {{ out.push(at, {name:?}, None, \"must have at most {n} items\"); return; }}"
                )?,
                ("items", Value::Message(rules)) => items = Some(rules.clone()),
                _ => {
                    return Err(format!(
                        "rule `repeated.{rule}` of `{}` is unknown",
                        field.full_name()
                    )
                    .into());
                }
            }
        }
    }
    if alone {
        return Ok(());
    }
    let mut inner = String::new();
    value_checks(
        &field.kind(),
        name,
        "value",
        Some("index"),
        items.as_ref(),
        &mut inner,
    )?;
    if !inner.is_empty() {
        let binding = if matches!(field.kind(), Kind::Enum(_)) {
            "&value"
        } else {
            "value"
        };
        write!(
            out,
            "        for (index, {binding}) in self.{ident}.iter().enumerate() {{\n{inner}        }}\n"
        )?;
    }
    Ok(())
}

/// Generates the checks of one value, which may be an item of a list.
fn value_checks(
    kind: &Kind,
    name: &str,
    var: &str,
    index: Option<&str>,
    rules: Option<&DynamicMessage>,
    out: &mut String,
) -> Result<()> {
    let index = index.map_or("None".to_owned(), |index| format!("Some({index})"));
    let fail = |text: &str| format!("out.push(at, {name:?}, {index}, {text:?})");
    match kind {
        Kind::Message(message) if message.full_name().starts_with("google.") => {}
        Kind::Message(_) => writeln!(
            out,
            "            crate::Inbound::inspect({var}, &at.child({name:?}, {index}), out);"
        )?,
        Kind::String => {
            writeln!(
                out,
                "            if let Some(wrong) = crate::inbound::wrong_text({var}) {{ out.push(at, {name:?}, {index}, wrong); }}"
            )?;
        }
        _ => {}
    }
    for (group_name, value) in rules.map(set_fields).unwrap_or_default() {
        if group_name == "repeated" || group_name == "required" {
            continue;
        }
        let Value::Message(group) = &value else {
            return Err(format!("rule `{group_name}` of `{name}` is unknown").into());
        };
        for (rule, value) in set_fields(group) {
            let check = match (group_name.as_str(), rule.as_str(), &value) {
                ("string", "min_len", Value::U64(n)) => (
                    format!("crate::inbound::shorter({var}, {n})"),
                    format!("must have at least {n} characters"),
                ),
                ("string", "max_len", Value::U64(n)) => (
                    format!("crate::inbound::longer({var}, {n})"),
                    format!("must have at most {n} characters"),
                ),
                ("string", "pattern", Value::String(pattern)) => {
                    let grammar = grammar(pattern)
                        .ok_or_else(|| format!("the pattern of `{name}` is not that of ids"))?;
                    (
                        format!("crate::inbound::is_not_id({var}, types::Grammar::{grammar:?})"),
                        grammar.rule().to_owned(),
                    )
                }
                ("enum", "defined_only", Value::Bool(true)) => {
                    let Kind::Enum(kind) = kind else {
                        return Err(format!("`{name}` is not an enum").into());
                    };
                    (
                        format!("{}::try_from({var}).is_err()", rust_path(kind.full_name())),
                        "must be a defined value".to_owned(),
                    )
                }
                ("int32", "gte", Value::I32(n)) => {
                    (format!("{var} < {n}"), format!("must be at least {n}"))
                }
                ("int64", "gte", Value::I64(n)) => {
                    (format!("{var} < {n}"), format!("must be at least {n}"))
                }
                _ => {
                    return Err(format!("rule `{group_name}.{rule}` of `{name}` is unknown").into());
                }
            };
            writeln!(out, "            if {} {{ {} }}", check.0, fail(&check.1))?;
        }
    }
    Ok(())
}

/// Returns the grammar of ids with this pattern.
fn grammar(pattern: &str) -> Option<Grammar> {
    [Grammar::Given, Grammar::Word]
        .into_iter()
        .find(|grammar| grammar.pattern() == pattern)
}

fn oneof_checks(
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    out: &mut String,
) -> Result<()> {
    for oneof in message.oneofs() {
        let required = rules(pool, &oneof.options(), "buf.validate.oneof")
            .is_some_and(|rules| flag(&rules, "required"));
        if required {
            let name = oneof.name();
            writeln!(
                out,
                "        if self.{name}.is_none() {{ out.push(at, {name:?}, None, \"must be set\"); }}"
            )?;
        }
    }
    Ok(())
}

fn rules(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    extension: &str,
) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(extension)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// True if a flag option is set.
fn option(pool: &DescriptorPool, options: &DynamicMessage, extension: &str) -> bool {
    let extension = pool.get_extension_by_name(extension);
    extension.is_some_and(|extension| options.get_extension(&extension).as_bool() == Some(true))
}

fn group(rules: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    if !rules.has_field_by_name(name) {
        return None;
    }
    rules.get_field_by_name(name)?.as_message().cloned()
}

fn flag(rules: &DynamicMessage, name: &str) -> bool {
    rules
        .get_field_by_name(name)
        .and_then(|value| value.as_bool())
        .unwrap_or_default()
}

fn set_fields(message: &DynamicMessage) -> Vec<(String, Value)> {
    message
        .fields()
        .map(|(field, value)| (field.name().to_owned(), value.clone()))
        .collect()
}

/// Converts a protobuf name to a Rust path: `mandate.identity.v1.User` is
/// `crate::identity::v1::User`; a nested type or a oneof is in the module of its message.
pub fn rust_path(full_name: &str) -> String {
    let mut parts: Vec<String> = full_name.split('.').skip(1).map(str::to_owned).collect();
    let last = parts.pop().unwrap_or_default().to_upper_camel_case();
    let modules: Vec<String> = parts.iter().map(|part| part.to_snake_case()).collect();
    format!("crate::{}::{last}", modules.join("::"))
}
