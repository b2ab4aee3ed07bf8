//! Machine-readable content of refusals: the reason, and the variable parts of the message.

mod limits;
mod table;

use std::collections::HashMap;

use serde_json::{Value, json};
use tests::Setting;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use self::table::{REFUSALS, Refusal};
use crate::{schema, world::World};

/// The base of links in an installation with default settings.
const HELP: &str = "https://mandate.example/";

/// Sends a request that must be refused.
async fn refused(world: &World, method: &str, body: &Value) -> Status {
    let path = format!("/mandate.{method}");
    let bytes = schema::encode(&path, body);
    let answer = world.wire.call(&path, &world.root, bytes).await;
    answer.expect_err(method)
}

/// Returns the words between backticks in a message.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// Asserts that a refusal has a reason with this metadata, that the metadata holds every quoted
/// word of the message, and that all links are absolute.
#[track_caller]
fn assert_told(status: &Status, code: Code, reason: &str, told: &[(&str, &str)]) {
    let info = status.get_details_error_info().unwrap();
    assert_eq!((status.code(), info.reason.as_str()), (code, reason));
    let pairs = told.iter();
    let expected: HashMap<String, String> = pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(info.metadata, expected, "{}", status.message());
    for quoted in quoted(status.message()) {
        let is_told = info.metadata.values().any(|value| value == quoted);
        // A permission in a rule, a pattern of names or a method is constant, and need not be in
        // the metadata.
        let is_fixed = quoted.contains(['{', ' ']) || quoted.starts_with("mandate.");
        assert!(is_told || is_fixed, "{}: {info:?}", status.message());
    }
    let help = status.get_details_help().unwrap();
    let page = format!(
        "{HELP}docs/reference/errors.md#{}",
        reason.to_ascii_lowercase()
    );
    assert!(help.links.iter().any(|link| link.url == page), "{help:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_tells_programs_whatever_varies_in_its_message() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        for Refusal {
            method,
            request,
            code,
            reason,
            told,
        } in REFUSALS
        {
            let body = serde_json::from_str(request).unwrap_or_else(|_| panic!("{request}"));
            let status = refused(&world, method, &body).await;
            assert_told(&status, *code, reason, told);
        }
        // The message starts with the name of the invalid field.
        let body = json!({"name": "nobody"});
        let status = refused(&world, "identity.v1.UserService/GetUser", &body).await;
        assert!(status.message().starts_with("`name`: "), "{status:?}");
        assert_told(
            &status,
            Code::InvalidArgument,
            "INVALID_REQUEST",
            &[("field", "name")],
        );
    }
}
