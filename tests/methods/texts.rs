//! Texts with hidden characters, or that look like other texts.

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{dump::dump, fault, samples::ordered, schema, world::World};

/// Texts that no field accepts.
const WRONG: [&str; 12] = [
    "a\u{0}b",
    "a\u{85}b",
    "a\u{9b}31m",
    "a\u{2028}b",
    "\u{202e}gpj.exe",
    "a\u{2066}b\u{2069}",
    "a\u{200b}b",
    "\u{3164}",
    "a\u{a0}b",
    "   ",
    "Zoe\u{308}",
    "a\u{e000}b",
];

/// K-m, F2: one policy applies to every text of every request, and the refusal names the field.
#[tokio::test(flavor = "multi_thread")]
async fn k_m_f2_no_text_hides_anything_or_has_two_spellings() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        let before = dump(&world).await;
        let mut tried = 0;
        for sample in ordered() {
            let json = sample.json(&names);
            for leaf in schema::leaves(&sample.path, &json) {
                for text in WRONG {
                    let mut json = json.clone();
                    *json.pointer_mut(&leaf.pointer).unwrap() = json!(text);
                    let body = schema::encode(&sample.path, &json);
                    let at = format!("{} with {text:?} at {}", sample.path, leaf.pointer);
                    let key = world.key_for(&sample.path);
                    let status = world.wire.call(&sample.path, key, body).await;
                    let status = status.expect_err(&at);
                    fault::expect(&status, Code::InvalidArgument, "INVALID_REQUEST", &at);
                    let details = tonic_types::StatusExt::get_error_details(&status);
                    let named = details.bad_request().is_some_and(|bad| {
                        let mut fields = bad.field_violations.iter();
                        fields.any(|violation| {
                            violation
                                .field
                                .ends_with(named_as(leaf.field.name(), &violation.field))
                        })
                    });
                    assert!(named, "{at}: {status:?}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 2000, "{tried} texts");
        assert_eq!(dump(&world).await, before);
    }
}

/// Returns the expected end of a violation's field name: items of lists have an index.
fn named_as<'a>(field: &'a str, violation: &'a str) -> &'a str {
    if violation.ends_with(']') {
        let item = violation.rfind(field);
        return item.map_or(field, |at| violation.get(at..).unwrap_or_default());
    }
    field
}
