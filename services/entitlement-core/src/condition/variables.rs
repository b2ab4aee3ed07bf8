//! The variables of a condition and their values.

use std::collections::{BTreeSet, HashMap};

use cel::{Context, objects::Value};
use prost_types::{Value as Said, value::Kind};

use super::Given;

/// Binds the variables; of the context, only the keys that the condition refers to.
pub(super) fn bind(
    keys: &BTreeSet<String>,
    given: &Given<'_>,
    kind: Option<&str>,
    scope: &mut Context<'_, '_>,
) {
    let said = given.context.map(|context| &context.fields);
    let context = keys.iter().filter_map(|key| {
        let value = said?.get(key)?;
        Some((key.clone(), value_of(value)))
    });
    let resource = [("id", given.resource), ("type", kind)];
    let resource = resource
        .into_iter()
        .filter_map(|(key, own)| Some((key, own?)));
    let subject_kind = match given.subject.split_once('/') {
        Some(("users", _)) => "user",
        _ => "service-account",
    };
    let subject = [("name", given.subject), ("kind", subject_kind)];
    scope.add_variable_from_value("context", context.collect::<HashMap<_, _>>());
    scope.add_variable_from_value("resource", resource.collect::<HashMap<_, _>>());
    scope.add_variable_from_value("subject", HashMap::from(subject));
}

/// Converts a value of the context. Numbers become doubles, as in JSON.
fn value_of(said: &Said) -> Value {
    match &said.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(*value),
        Some(Kind::NumberValue(value)) => Value::Float(*value),
        Some(Kind::StringValue(value)) => Value::String(value.clone().into()),
        Some(Kind::ListValue(list)) => {
            Value::List(list.values.iter().map(value_of).collect::<Vec<_>>().into())
        }
        Some(Kind::StructValue(map)) => {
            let fields = map.fields.iter();
            let fields = fields.map(|(key, value)| (key.clone(), value_of(value)));
            fields.collect::<HashMap<_, _>>().into()
        }
    }
}
