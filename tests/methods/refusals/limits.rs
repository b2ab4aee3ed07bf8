//! Refusals because a limit is exceeded.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::Setting;
use tonic::Code;

use super::{assert_told, refused};
use crate::world::World;

const MEMBERSHIP: &str = "membership.v1";
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_would_be_too_deep_is_refused_with_the_limit() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let parent = "organizations/alpha";
        let unit = |depth: usize| match depth {
            0 => json!({"displayName": "Top"}),
            _ => json!({
                "displayName": "Below",
                "parentUnit": format!("{parent}/units/depth-{}", depth - 1),
            }),
        };
        let below = |depth: usize| json!({"parent": parent, "unit": unit(depth), "unitId": format!("depth-{depth}")});
        let requests: Vec<Value> = (0..17).map(below).collect();
        let body = json!({"parent": parent, "requests": requests});
        let method = format!("{MEMBERSHIP}.OrganizationService/BatchCreateUnits");
        let status = refused(&world, &method, &body).await;
        let (code, told) = (Code::FailedPrecondition, [("limit", "16")]);
        assert_told(&status, code, "UNIT_TOO_DEEP", &told);
        let allowed = json!({"parent": parent, "requests": requests[..16]});
        world.done(&format!("/mandate.{method}"), &allowed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_has_as_many_roles_as_it_may_is_told_the_limit() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let own = |number: usize| {
            json!({
                "parent": "organizations/alpha",
                "customRole": {
                    "application": "applications/fleet-alpha-1",
                    "permissions": ["fleet-alpha-1.billing.view"],
                },
                "customRoleId": format!("more-{number}"),
            })
        };
        let method = "entitlement.v1.CustomRoleService/CreateCustomRole";
        // The samples have already created one.
        for number in 0..255 {
            world
                .done(&format!("/mandate.{method}"), &own(number))
                .await;
        }
        let status = refused(&world, method, &own(255)).await;
        let (code, told) = (Code::ResourceExhausted, [("limit", "256")]);
        assert_told(&status, code, "TOO_MANY_ROLES", &told);
    }
}

/// An organization whose preview names more locations than a preview may: `users` get access to
/// `resources`.
struct Large {
    users: usize,
    resources: usize,
}

impl Large {
    async fn make(&self, world: &World) {
        let parent = "organizations/alpha";
        let unit = format!("{parent}/units/unit-1");
        let users = (0..self.users).map(|n| {
            json!({"user": {"login": format!("large-{n}"), "givenName": "L"}, "userId": format!("large-{n}")})
        });
        let resources = (0..self.resources).map(|n| {
            json!({"parent": parent, "resource": {"type": "number", "unit": unit}, "resourceId": format!("r{n}")})
        });
        let members = (0..self.users).map(
            |n| json!({"parent": parent, "membership": {"subject": format!("users/large-{n}")}}),
        );
        let of = |requests: Vec<Value>| json!({"parent": parent, "requests": requests});
        let users = json!({"requests": users.collect::<Vec<Value>>()});
        let path = "/mandate.identity.v1.UserService/BatchCreateUsers";
        world.done(path, &users).await;
        let path = "/mandate.membership.v1.OrganizationService/BatchCreateResources";
        world.done(path, &of(resources.collect())).await;
        let path = "/mandate.membership.v1.MemberService/BatchCreateMemberships";
        world.done(path, &of(members.collect())).await;
    }

    fn changes(&self) -> Value {
        let resource = |n| format!("organizations/alpha/resources/r{n}");
        let resources: Vec<String> = (0..self.resources).map(resource).collect();
        let give = |n| {
            json!({"create": {"grant": {
                "subject": format!("users/large-{n}"),
                "role": "applications/fleet-alpha-1/roles/viewer",
                "scope": {"resources": resources},
            }}})
        };
        let changes: Vec<Value> = (0..self.users).map(give).collect();
        json!({"parent": "organizations/alpha", "changes": changes})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_says_more_than_an_answer_can_hold_is_refused_with_the_limit() {
    for setting in [Setting::Sqlite, Setting::Postgres] {
        let world = World::start(setting).await;
        let large = Large {
            users: 21,
            resources: 1000,
        };
        large.make(&world).await;
        let (method, changes) = (
            "entitlement.v1.AuthorizationService/Preview",
            large.changes(),
        );
        let begin = Instant::now();
        loop {
            let status = refused(&world, method, &changes).await;
            // Entitlement may not have received the members and resources yet.
            if status.code() != Code::ResourceExhausted && begin.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            let (code, told) = (Code::ResourceExhausted, [("limit", "20000")]);
            assert_told(&status, code, "PREVIEW_TOO_LARGE", &told);
            break;
        }
    }
}
