//! The tables of the reference, row by row.

use std::collections::BTreeMap;

use cel::Value;
use prost_types::Struct;

use super::*;

const PAGE: &str = include_str!("../../../docs/reference/conditions.md");

/// Evaluates a condition; returns the result in the words of the reference page.
fn answer(condition: &str, context: &Struct) -> &'static str {
    let Ok(parsed) = Condition::parse(condition) else {
        return "refused";
    };
    let given = given(context);
    let negated = Condition::stored(&format!("!({condition})"));
    match (
        parsed.is_met(&given, Some("number")),
        negated.is_met(&given, Some("number")),
    ) {
        (true, false) => "met",
        (false, true) => "not met",
        (false, false) => "errs",
        (true, true) => "met, and its opposite",
    }
}

/// Evaluates a condition by the library alone.
fn answer_of_cel(condition: &str, context: &Struct) -> &'static str {
    let expression = read(condition).unwrap();
    let keys = keys_of(&expression).unwrap();
    let mut scope = Context::with_env(Arc::new(Env::stdlib()));
    bind(&keys, &given(context), Some("number"), &mut scope);
    match Value::resolve(&expression, &scope) {
        Ok(Value::Bool(true)) => "met",
        Ok(Value::Bool(false)) => "not met",
        _ => "errs",
    }
}

fn given(context: &Struct) -> Given<'_> {
    Given {
        subject: "users/jan",
        resource: Some("+3247"),
        context: Some(context),
    }
}

fn circumstances() -> Struct {
    let json = PAGE.split("```json\n").nth(1).unwrap();
    let json = json.split("```").next().unwrap();
    let json: BTreeMap<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    Struct {
        fields: json.into_iter().map(|(key, own)| (key, of(own))).collect(),
    }
}

fn of(json: serde_json::Value) -> Said {
    use serde_json::Value as Json;
    said(match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(own) => Kind::BoolValue(own),
        Json::Number(own) => Kind::NumberValue(own.as_f64().unwrap()),
        Json::String(own) => Kind::StringValue(own),
        Json::Array(own) => Kind::ListValue(ListValue {
            values: own.into_iter().map(of).collect(),
        }),
        Json::Object(own) => Kind::StructValue(Struct {
            fields: own.into_iter().map(|(key, own)| (key, of(own))).collect(),
        }),
    })
}

/// Returns the rows of the page: the condition, the result here, and the result in CEL.
fn rows() -> Vec<(String, &'static str, &'static str)> {
    let page = PAGE.split("## Results").nth(1).unwrap();
    let rows = page.lines().filter_map(|line| {
        let (condition, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (here, cel) = rest.strip_suffix(" |")?.split_once(" | ")?;
        Some((condition.replace("\\|", "|"), here, cel))
    });
    rows.collect()
}

#[test]
fn every_row_of_the_reference_answers_what_it_says() {
    let context = circumstances();
    let rows = rows();
    assert!(rows.len() > 100, "{}", rows.len());
    for (condition, here, _) in rows {
        assert_eq!(answer(&condition, &context), here, "{condition}");
    }
}

#[test]
fn where_the_reference_says_the_same_the_library_answers_so_too() {
    let context = circumstances();
    for (condition, here, cel) in rows() {
        assert_ne!(here, cel, "{condition}");
        if cel == "same" {
            assert_eq!(answer_of_cel(&condition, &context), here, "{condition}");
        }
    }
}

#[test]
fn a_stored_condition_that_could_not_be_given_today_is_met_only_if_it_is_true() {
    let context = circumstances();
    for (condition, is_met) in [
        ("1", false),
        ("'office'", false),
        ("resource.id", false),
        ("true || 1 == 'a'", true),
        ("context.long == 9007199254740993", false),
        ("context.long != 9007199254740993", false),
        ("context.long < 9007199254740997", true),
    ] {
        assert!(Condition::parse(condition).is_err(), "{condition}");
        let stored = Condition::stored(condition);
        assert_eq!(stored.is_met(&given(&context), None), is_met, "{condition}");
    }
}
