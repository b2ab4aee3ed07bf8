//! An owner of one organization, calling methods on another.

use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    dump::dump,
    fault,
    samples::{Names, ordered},
    schema,
    world::World,
};

/// K-u, C5, F3: every method on another organization is denied to an owner, as is every method of
/// the operator. The answer for an organization that does not exist is equal, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn k_u_c5_f3_an_owner_reaches_no_other_organization() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let owner = world.manager("alpha", "owner-alpha", "owner").await;
        let before = dump(&world).await;
        for n in [1, 2] {
            let beta = world.names("beta", n);
            let ghost = world.names("ghost", n);
            let operator = world.names("operator", n);
            for sample in ordered() {
                let mut answers = Vec::new();
                for names in [&beta, &ghost, &operator] {
                    let at = format!("{} of {} in {setting:?}", sample.path, names.org);
                    let answer = world
                        .wire
                        .call(&sample.path, &owner, sample.bytes(names))
                        .await;
                    let status = answer.expect_err(&at);
                    fault::expect(&status, Code::PermissionDenied, "PERMISSION_DENIED", &at);
                    answers.push(fault::seen(&status));
                }
                assert!(
                    answers.windows(2).all(|two| two[0] == two[1]),
                    "{}",
                    sample.path
                );
            }
        }
        assert_eq!(dump(&world).await, before, "{setting:?}");
    }
}

/// C1: no header sets the organization, the caller or the role of a call.
#[tokio::test(flavor = "multi_thread")]
async fn c1_headers_name_no_organization() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let owner = world.manager("alpha", "owner-alpha", "owner").await;
        let bearer = format!("Bearer {owner}");
        let plain = [("authorization", bearer.as_bytes())];
        let steered: Vec<(&str, &[u8])> = [
            ("authorization", bearer.as_bytes()),
            ("x-organization", b"beta"),
            ("x-organization", b"organizations/beta"),
            ("x-mandate-organization", b"organizations/beta"),
            ("organization", b"beta"),
            ("x-tenant-id", b"beta"),
            ("x-forwarded-user", b"serviceAccounts/root"),
            ("x-user", b"serviceAccounts/root"),
            ("x-mandate-caller", b"peer"),
            ("x-mandate-role", b"operator"),
            ("x-original-uri", b"/grpc.health.v1.Health/Check"),
            ("x-http-method-override", b"GET"),
        ]
        .to_vec();
        let (alpha, beta) = (world.names("alpha", 1), world.names("beta", 1));
        for sample in ordered()
            .iter()
            .filter(|sample| !schema::is_mutation(&sample.path))
        {
            let ask = async |names: &Names, headers: &[(&str, &[u8])]| {
                let body = sample.bytes(names);
                let answer = world.wire.send(&sample.path, headers, body).await;
                answer
                    .map(|bytes| timeless(schema::json(&sample.path, &bytes)))
                    .map_err(|status| fault::seen(&status))
            };
            for names in [&alpha, &beta] {
                let (with, without) = (ask(names, &steered).await, ask(names, &plain).await);
                assert_eq!(with, without, "{} of {}", sample.path, names.org);
            }
        }
    }
}

/// C9: a page token is not an authorization. With a page token of another organization, an owner
/// sees the same as without it.
#[tokio::test(flavor = "multi_thread")]
async fn c9_a_page_token_opens_no_other_organization() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let owner = world.manager("alpha", "owner-alpha", "owner").await;
        let list = "/mandate.membership.v1.OrganizationService/ListUnits";
        let body = json!({"parent": "organizations/beta", "pageSize": 1});
        let token = world.done(list, &body).await["nextPageToken"].clone();
        assert!(token.is_string());
        for (parent, code, reason) in [
            (
                "organizations/beta",
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            ),
            (
                "organizations/alpha",
                Code::InvalidArgument,
                "PAGE_TOKEN_INVALID",
            ),
        ] {
            let body = json!({"parent": parent, "pageSize": 1, "pageToken": token});
            let answer = world
                .wire
                .call(list, &owner, schema::encode(list, &body))
                .await;
            let status = answer.expect_err(parent);
            fault::expect(&status, code, reason, parent);
        }
    }
}

/// Removes the remaining lease from an answer, which differs in every answer.
pub fn timeless(mut answer: serde_json::Value) -> serde_json::Value {
    match &mut answer {
        serde_json::Value::Object(fields) => {
            fields.remove("reusableMs");
            for field in fields.values_mut() {
                *field = timeless(field.take());
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                *item = timeless(item.take());
            }
        }
        _ => {}
    }
    answer
}
