//! The syntax of conditions, and their evaluation.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use prost_types::{ListValue, Struct, Value as Said, value::Kind};

use super::*;

#[path = "condition_table_tests.rs"]
mod table;

fn said(kind: Kind) -> Said {
    Said { kind: Some(kind) }
}

fn text(text: &str) -> Said {
    said(Kind::StringValue(text.to_owned()))
}

fn number(number: f64) -> Said {
    said(Kind::NumberValue(number))
}

fn context() -> Struct {
    let device = Struct {
        fields: [("managed".to_owned(), said(Kind::BoolValue(true)))].into(),
    };
    let tags = ListValue {
        values: vec![text("a"), text("b"), number(3.0)],
    };
    Struct {
        fields: [
            ("network".to_owned(), text("office")),
            ("amount".to_owned(), number(12.5)),
            ("count".to_owned(), number(3.0)),
            ("device".to_owned(), said(Kind::StructValue(device))),
            ("tags".to_owned(), said(Kind::ListValue(tags))),
            ("none".to_owned(), said(Kind::NullValue(0))),
            ("nan".to_owned(), number(f64::NAN)),
            ("huge".to_owned(), number(f64::INFINITY)),
            ("a-b".to_owned(), text("dashed")),
        ]
        .into(),
    }
}

fn is_met(condition: &str) -> bool {
    let context = context();
    let given = Given {
        subject: "users/jan",
        resource: Some("+32470000001"),
        context: Some(&context),
    };
    let condition =
        Condition::parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
    condition.is_met(&given, Some("number"))
}

#[test]
fn a_condition_is_met_by_what_it_says() {
    for condition in [
        "true",
        r#"context.network == "office""#,
        "context['network'] != 'home'",
        "context['a-b'] == 'dashed'",
        "context.amount < 13 && context.amount > 12 && context.amount == 12.5",
        "context.count == 3 && context.count <= 3 && context.count >= 3.0",
        "context.amount > -1",
        "context.count in [1, 2, 3]",
        "context.network in ['office', 'vpn']",
        "'a' in context.tags && !('c' in ['a', 'b'])",
        "context.tags[1] == 'b' && size(context.tags) == 3",
        "context.device.managed",
        "context.device['managed']",
        "has(context.device.managed) && !has(context.device.owner)",
        "has(context.network) && !has(context.absent)",
        "context.none == null",
        "resource.type == 'number' && resource.id.startsWith('+32')",
        "subject.kind == 'user' && subject.name == 'users/jan'",
        "context.network.contains('ffi') && context.network.endsWith('ce')",
        "size(context.network) == 6 && context.network.size() == 6",
        "context.network == 'office' ? context.amount < 100 : false",
        // An error does not count beside a true alternative.
        "context.absent == 1 || context.count == 3",
    ] {
        assert!(is_met(condition), "{condition}");
    }
}

#[test]
fn a_condition_that_errs_or_is_not_true_is_not_met() {
    for condition in [
        "false",
        "context.absent == 1",
        "!(context.absent == 1)",
        "context.absent != 1",
        "context.network",
        "context.count",
        "context.network < 3",
        "context.tags[9] == 'a'",
        "context.tags['x'] == 'a'",
        "context.network.managed",
        "!context.network",
        "context.absent == 1 && context.count == 3",
    ] {
        assert!(!is_met(condition), "{condition}");
    }
    // Without a resource in the query, comparisons of its id and type are not met.
    for condition in [
        "resource.id != 'a'",
        "resource.type != 'a'",
        "context.network == 'office'",
    ] {
        let condition = Condition::parse(condition).unwrap();
        assert!(!condition.is_met(&Given::default(), None));
    }
}

#[test]
fn what_a_question_does_not_have_is_refused() {
    use InvalidCondition::{Function, Large, Long, Reference, Syntax};
    type Is = fn(&InvalidCondition) -> bool;
    let reference: Is = |error| matches!(error, Reference(_));
    let function: Is = |error| matches!(error, Function(_));
    let syntax: Is = |error| matches!(error, Syntax { .. });
    let cases: [(&str, Is); 32] = [
        ("network == 'office'", reference),
        ("request.network == 'office'", reference),
        ("context == {}", reference),
        ("context", reference),
        ("size(context) > 3", reference),
        ("'network' in context", reference),
        ("context[resource.id] == 1", reference),
        ("context[0] == 1", reference),
        ("resource.owner == 'a'", reference),
        ("resource['owner'] == 'a'", reference),
        ("subject.email == 'a'", reference),
        (".context.network == 'a'", reference),
        ("[context]", reference),
        ("context.tags.exists(tag, tag == 'a')", function),
        ("context.tags.all(tag, tag == 'a')", function),
        ("[1, 2].map(x, x)", function),
        ("context.tags.filter(tag, true).size() > 0", function),
        ("context.network.matches('^a+$')", function),
        ("context.count + 1 == 4", function),
        ("context.network + context.network == 'a'", function),
        ("context.count * 2 == 4", function),
        ("-context.count < 0", function),
        ("{'a': 1}.a == 1", function),
        ("Type{a: 1}.a == 1", function),
        (
            "timestamp(context.at) < timestamp('2030-01-01T00:00:00Z')",
            function,
        ),
        ("int(context.count) == 3", function),
        ("string(context.count) == '3'", function),
        ("type(context.count) == double", function),
        ("", syntax),
        ("context.network ==", syntax),
        ("context.network = 'a'", syntax),
        ("(context.network == 'a'", syntax),
    ];
    for (condition, is) in cases {
        let error = Condition::parse(condition).unwrap_err();
        assert!(is(&error), "{condition}: {error:?}");
    }
    let many = format!("context.a in [{}]", vec!["1"; 200].join(","));
    assert_eq!(Condition::parse(&many), Err(Large));
    let long = format!("context.a == '{}'", "a".repeat(MAX_BYTES));
    assert_eq!(Condition::parse(&long), Err(Long));
}

/// No accepted text takes long or ends the process.
#[test]
fn k_n_what_nests_is_refused_before_it_costs() {
    let nested = |open: &str, middle: &str, close: &str| {
        let times = (MAX_BYTES - middle.len()) / (open.len() + close.len());
        format!("{}{middle}{}", open.repeat(times), close.repeat(times))
    };
    for condition in [
        nested("(", "true", ")"),
        nested("[", "1", "]"),
        nested("!", "true", ""),
        nested("-", "1", ""),
        nested("context.a", "", ".a"),
        nested("", "context.a", ".a"),
        nested("", "context.a", "[0]"),
        nested("", "context.a", "()"),
        nested("", "true", "&&true"),
        nested("", "true", "||true"),
        nested("", "1", "==1"),
        nested("", "1", "+1"),
        nested("true?true:", "true", ""),
        nested("size(", "context.a", ")"),
        nested("context.a[", "0", "]"),
        nested("(", "", ""),
        nested("'", "", ""),
        nested("{", "", ""),
        nested("a{", "", "}"),
        nested("\u{e9}", "", ""),
    ] {
        let begin = Instant::now();
        if let Ok(parsed) = Condition::parse(&condition) {
            parsed.is_met(&Given::default(), None);
        }
        assert!(begin.elapsed() < Duration::from_millis(500), "{condition}");
    }
}

#[test]
fn many_alternatives_are_not_deep() {
    let alternatives: Vec<_> = (0..16).map(|at| format!("context.a == {at}")).collect();
    for operator in ["||", "&&"] {
        let condition = alternatives.join(operator);
        assert!(Condition::parse(&condition).is_ok(), "{condition}");
    }
}

/// The costliest condition allowed, over the largest context.
#[test]
fn k_n_the_costliest_condition_costs_little() {
    let long = "x".repeat(1900);
    let context = Struct {
        fields: [("a", &long), ("b", &long)]
            .map(|(key, value)| (key.to_owned(), text(value)))
            .into(),
    };
    let given = Given {
        context: Some(&context),
        ..Given::default()
    };
    let costly = vec!["context.a.contains(context.b)"; 16].join("&&");
    let condition = Condition::parse(&costly).unwrap();
    assert!(condition.is_met(&given, None));
    let begin = Instant::now();
    for _ in 0..100 {
        condition.is_met(&given, None);
    }
    let each = begin.elapsed() / 100;
    assert!(each < Duration::from_millis(5), "{each:?}");
}

#[test]
fn the_examples_of_the_reference_are_conditions() {
    let page = include_str!("../../../docs/reference/conditions.md");
    let examples: Vec<_> = page
        .split("```cel\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect();
    assert!(examples.len() > 3);
    for example in examples {
        assert!(Condition::parse(example).is_ok(), "{example}");
    }
}

#[test]
fn what_is_stored_and_cannot_be_read_is_never_met() {
    let given = Given::default();
    assert!(Condition::stored("true").is_met(&given, None));
    for text in ["", "tomorrow()", "(((", "context.tags.all(a, true)"] {
        let stored = Condition::stored(text);
        assert!(!stored.is_met(&given, None));
        assert_eq!(stored.missing(&given).count(), 0);
    }
}

#[test]
fn what_is_missing_is_in_order_and_named_once() {
    let condition =
        "context.b == 1 && (context.a == 2 || context['b'] == 3) && context.network == ''";
    let condition = Condition::parse(condition).unwrap();
    let own = context();
    let given = Given {
        context: Some(&own),
        ..Given::default()
    };
    assert!(condition.missing(&given).eq(["a", "b"]));
    assert!(
        condition
            .missing(&Given::default())
            .eq(["a", "b", "network"])
    );
}

/// Generates every operation over values of every type.
fn expressions() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "context.network",
        "context.amount",
        "context.device",
        "context.device.managed",
        "context.tags",
        "context.none",
        "context.nan",
        "context.huge",
        "context.absent",
        "resource.id",
        "subject.kind",
        "has(context.absent)",
        "1",
        "-9223372036854775808",
        "18446744073709551615u",
        "1.5e308",
        "'text'",
        "b'bytes'",
        "null",
        "true",
    ]);
    value
        .prop_map(str::to_owned)
        .prop_recursive(4, 20, 3, |inner| {
            let binary =
                prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"]);
            let method = prop::sample::select(vec!["contains", "startsWith", "endsWith"]);
            prop_oneof![
                (inner.clone(), binary, inner.clone())
                    .prop_map(|(one, operator, other)| format!("({one}) {operator} ({other})")),
                (inner.clone(), method, inner.clone())
                    .prop_map(|(one, method, other)| format!("({one}).{method}({other})")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one})[{other}]")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("[{one}, {other}]")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(one, two, three)| format!("({one}) ? ({two}) : ({three})")),
                inner.clone().prop_map(|one| format!("!({one})")),
                inner.prop_map(|one| format!("size({one})")),
            ]
        })
}

proptest! {
    #[test]
    fn k_n_whatever_is_compared_is_met_or_not(text in expressions()) {
        use InvalidCondition::{Inexact, Large, Mismatch, NotBoolean};
        let refused = Condition::parse(&text).err();
        let is_told = matches!(refused, None | Some(Large | Inexact | Mismatch { .. } | NotBoolean(_)));
        prop_assert!(is_told);
        let own = context();
        let given = Given { subject: "users/jan", resource: Some("r"), context: Some(&own) };
        let condition = Condition::stored(&text);
        let met = condition.is_met(&given, None);
        prop_assert_eq!(condition.is_met(&given, None), met);
        // A condition and its negation are never both met.
        let negated = Condition::stored(&format!("!({text})"));
        prop_assert!(!(met && negated.is_met(&given, None)));
    }

    #[test]
    fn k_n_no_text_ends_the_process(text in "\\PC{0,60}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn k_n_no_words_end_the_process(words in prop::collection::vec(prop::sample::select(vec![
        "context", ".", "a", "[", "]", "(", ")", "'", "\"", "==", "&&", "||", "!", "-", "?", ":", "in",
        "{", "}", ",", "1", "1.5", "0x", "b'", "r\"", "has", "all", "\\", "true", "null", " ",
    ]), 0..40)) {
        if let Ok(condition) = Condition::parse(&words.concat()) {
            let own = context();
            let given = Given { context: Some(&own), ..Given::default() };
            condition.is_met(&given, None);
        }
    }
}
