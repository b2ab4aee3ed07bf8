//! The context of a question.

use prost_types::{ListValue, NullValue, Struct, Value, value::Kind};
use serde_json::Value as Json;

/// A key and its value.
pub type Given = (String, Value);

/// Parses `key=value`: the value is JSON if it parses as such, else text.
pub(crate) fn given(text: &str) -> Result<Given, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            let json = serde_json::from_str(value);
            let json = json.unwrap_or_else(|_| Json::String(value.to_owned()));
            Ok((key.to_owned(), message(json)))
        }
        _ => Err("write it as `key=value`".to_owned()),
    }
}

/// Returns the context as a message; `None` if it is empty.
pub(crate) fn context(given: &[Given]) -> Option<Struct> {
    (!given.is_empty()).then(|| Struct {
        fields: given.iter().cloned().collect(),
    })
}

fn message(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(NullValue::NullValue.into()),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or(f64::NAN)),
        Json::String(value) => Kind::StringValue(value),
        Json::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(message).collect(),
        }),
        Json::Object(fields) => {
            let fields = fields.into_iter();
            Kind::StructValue(Struct {
                fields: fields.map(|(key, value)| (key, message(value))).collect(),
            })
        }
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_if_it_can_be() {
        let kind = |text| given(text).unwrap().1.kind.unwrap();
        assert_eq!(
            kind("network=office"),
            Kind::StringValue("office".to_owned())
        );
        assert_eq!(kind("amount=5"), Kind::NumberValue(5.0));
        assert_eq!(kind("managed=true"), Kind::BoolValue(true));
        assert_eq!(kind("a=b=c"), Kind::StringValue("b=c".to_owned()));
        assert_eq!(kind("text=\"5\""), Kind::StringValue("5".to_owned()));
        assert!(matches!(kind("tags=[1,{}]"), Kind::ListValue(list) if list.values.len() == 2));
        assert!(given("network").is_err());
        assert!(given("=office").is_err());
    }
}
