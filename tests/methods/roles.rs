//! The matrix of management roles and methods.

use std::collections::{BTreeMap, BTreeSet};

use api::{Access, METHODS};
use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    fault,
    samples::ordered,
    world::{World, access},
};

/// The matrix: a line a method, a column a role.
const MATRIX: &str = include_str!("roles.txt");
const ADMIN: &str = "application-admin";
const REQUESTER: &str = "requester";

/// Returns the methods that a role may call, and all that the matrix names.
fn matrix(role: &str) -> BTreeMap<String, bool> {
    let mut rows = MATRIX
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::split_whitespace);
    let column = rows.next().unwrap().position(|name| name == role).unwrap();
    rows.map(|row| {
        let cells: Vec<&str> = row.collect();
        let may = match cells[column] {
            "+" => true,
            "-" => false,
            other => panic!("{}: {other}", cells[0]),
        };
        (format!("/mandate.{}", cells[0]), may)
    })
    .collect()
}

/// Returns the roles that the matrix has a column for.
fn roles() -> Vec<&'static str> {
    let mut lines = MATRIX.lines();
    let head = lines.find(|line| line.starts_with("method")).unwrap();
    head.split_whitespace().skip(1).collect()
}

#[test]
fn b9_c2_the_matrix_names_every_method_that_demands_a_permission() {
    let named: BTreeSet<String> = matrix("owner").into_keys().collect();
    let demanding = METHODS
        .iter()
        .filter(|method| matches!(method.access, Access::Permission(_)));
    let demanding: BTreeSet<String> = demanding.map(|method| method.path.to_owned()).collect();
    assert_eq!(named, demanding);
}

/// B7, B9, C2: a role permits exactly the methods of its permissions within its organization. Even
/// the operator's role permits no method outside customers, unless it is held in the operator
/// organization.
#[tokio::test(flavor = "multi_thread")]
async fn b9_c2_a_role_does_what_it_says_and_nothing_else() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        for (index, role) in roles().into_iter().enumerate() {
            let id = format!("{role}-alpha");
            let applications = ["applications/fleet-alpha-1".to_owned()];
            let managed = if role == ADMIN {
                &applications[..]
            } else {
                &[]
            };
            let key = world.manager_of("alpha", &id, role, managed).await;
            let matrix = matrix(role);
            let mut names = world.names("alpha", index + 2);
            world.others_ask(&mut names).await;
            for sample in ordered() {
                let at = format!("{} as {role} in {setting:?}", sample.path);
                if matrix.get(&sample.path).copied().unwrap_or_default() {
                    let answer = world.step(&key, &sample, &mut names).await;
                    answer.unwrap_or_else(|status| panic!("{at}: {status:?}"));
                    continue;
                }
                let answer = world
                    .wire
                    .call(&sample.path, &key, sample.bytes(&names))
                    .await;
                let status = answer.expect_err(&at);
                // A caller without grant permissions gets a special reason within its organization,
                // which also tells whether it may create requests.
                let gives = access(&sample.path) == Access::Permission("mandate.grants.write");
                let reason = match gives {
                    true if role == REQUESTER => "REQUEST_ONLY",
                    true => "NOT_APPLICATION_ADMIN",
                    false => "PERMISSION_DENIED",
                };
                fault::expect(&status, Code::PermissionDenied, reason, &at);
                world.step_as_fits(&sample, &mut names).await;
                if role == ADMIN && sample.path.ends_with("/CreateEntitlement") {
                    let application = format!("applications/fleet-alpha-{}", names.n);
                    world
                        .give("alpha", &id, role, &[application], &names.token)
                        .await;
                }
            }
        }
    }
}

/// S3-3: a member with a role of an application but no management role can call no management
/// method.
#[tokio::test(flavor = "multi_thread")]
async fn s3_3_a_user_calls_no_method_that_manages() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let (_, key) = world.account("plain-alpha", json!({})).await;
        let parent = "organizations/alpha";
        let subject = "serviceAccounts/plain-alpha";
        let path = "/mandate.membership.v1.MemberService/CreateMembership";
        let body = json!({"parent": parent, "membership": {"subject": subject}});
        let token = world.done(path, &body).await["consistencyToken"].clone();
        let path = "/mandate.entitlement.v1.GrantService/CreateGrant";
        let role = "applications/fleet-alpha-1/roles/editor";
        let body = json!({"parent": parent, "consistencyToken": token, "grant": {
            "subject": subject, "role": role, "scope": {"all": true},
        }});
        world.done(path, &body).await;
        let names = world.names("alpha", 1);
        for sample in ordered() {
            let at = format!("{} in {setting:?}", sample.path);
            let body = sample.bytes(&names);
            let answer = world.wire.call(&sample.path, &key, body).await;
            let status = answer.expect_err(&at);
            assert_eq!(status.code(), Code::PermissionDenied, "{at}");
            fault::reason(&status, &at);
        }
    }
}

/// B2: a manager cannot grant a role that holds more than the manager does.
#[tokio::test(flavor = "multi_thread")]
async fn b2_an_owner_makes_no_operator() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let owner = world.manager("alpha", "owner-alpha", "owner").await;
        let path = "/mandate.entitlement.v1.GrantService/CreateGrant";
        for (role, given) in [("operator", false), ("checker", true), ("owner", true)] {
            for subject in ["users/user-alpha-1", "serviceAccounts/owner-alpha"] {
                let body = json!({
                    "parent": "organizations/alpha",
                    "grant": {"subject": subject, "role": format!("applications/mandate/roles/{role}"), "scope": {"all": true}},
                });
                let body = crate::schema::encode(path, &body);
                let answer = world.wire.call(path, &owner, body).await;
                let given = given && subject.starts_with("users/");
                assert_eq!(answer.is_ok(), given, "{role} to {subject}: {answer:?}");
                if let Err(status) = answer {
                    let own = subject.starts_with("serviceAccounts/");
                    let reason = if own {
                        "SELF_EDIT_FORBIDDEN"
                    } else {
                        "SCOPE_EXCEEDS_GRANTOR"
                    };
                    fault::expect(&status, Code::PermissionDenied, reason, role);
                }
            }
        }
    }
}
