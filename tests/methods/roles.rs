//! The matrix of management roles and methods.

use api::Access;
use serde_json::json;
use tests::Setting;
use tonic::Code;

use crate::{
    fault,
    samples::{Sample, ordered},
    world::{World, access},
};

/// Returns the permissions of a built-in role, from the catalog.
async fn held(world: &World, role: &str) -> Vec<String> {
    let path = "/mandate.entitlement.v1.CatalogService/ListRoles";
    let found = world
        .done(path, &json!({"parent": "applications/mandate"}))
        .await;
    let roles = found["roles"].as_array().unwrap();
    let found = roles.iter().find(|found| found["roleId"] == role);
    let permissions = found.unwrap()["permissions"].as_array().unwrap();
    let text = |permission: &serde_json::Value| permission.as_str().unwrap().to_owned();
    permissions.iter().map(text).collect()
}

/// Returns true if a caller with these permissions in one organization, and none elsewhere, may
/// send a sample there.
fn may(sample: &Sample, held: &[String]) -> bool {
    let Access::Permission(permission) = access(&sample.path) else {
        return false;
    };
    let holds = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => permission.starts_with(prefix),
        None => pattern == permission,
    };
    sample.is_in_organization() && held.iter().any(holds)
}

const ADMIN: &str = "application-admin";
/// Methods that reveal decisions about others in the whole organization.
const OF_DECISIONS: [&str; 4] = [
    "AuthorizationService/Explain",
    "AuthorizationService/ListPermissions",
    "AuthorizationService/ListResources",
    "AuthorizationService/ListSubjects",
];
const REQUESTER: &str = "requester";
const ROLES: [&str; 6] = [
    "owner",
    "delegated-owner",
    ADMIN,
    REQUESTER,
    "checker",
    "operator",
];

/// B7, B9, C2: a role permits exactly the methods of its permissions within its organization. Even
/// the operator's role permits no method outside customers, unless it is held in the operator
/// organization.
#[tokio::test(flavor = "multi_thread")]
async fn b9_c2_a_role_does_what_it_says_and_nothing_else() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        for (index, role) in ROLES.into_iter().enumerate() {
            let id = format!("{role}-alpha");
            let applications = ["applications/fleet-alpha-1".to_owned()];
            let managed = if role == ADMIN {
                &applications[..]
            } else {
                &[]
            };
            let key = world.manager_of("alpha", &id, role, managed).await;
            let held = held(&world, role).await;
            let mut names = world.names("alpha", index + 2);
            world.others_ask(&mut names).await;
            let mut allowed = 0;
            for sample in ordered() {
                let at = format!("{} as {role} in {setting:?}", sample.path);
                // D2: suspending an organization also suspends the right to reactivate it. An
                // administrator of some applications may not see decisions about others.
                let not = sample.path.ends_with("/ReactivateOrganization")
                    || (role == ADMIN && OF_DECISIONS.iter().any(|end| sample.path.ends_with(end)));
                if may(&sample, &held) && !not {
                    let answer = world.step(&key, &sample, &mut names).await;
                    answer.unwrap_or_else(|status| panic!("{at}: {status:?}"));
                    allowed += 1;
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
            assert!(allowed >= 4, "{role} may send {allowed}");
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
