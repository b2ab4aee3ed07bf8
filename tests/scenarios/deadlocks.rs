//! Concurrent writes by two replicas, which must not deadlock.

use std::time::Duration;

use api::{
    entitlement::v1::{CreateGrantRequest, ListAuditEntriesRequest, Scope},
    identity::v1::{CreateUserRequest, User},
    membership::v1::{CreateMembershipRequest, DeleteMembershipRequest, Membership},
};
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection, Row};
use tests::{Rig, Setting};
use tonic::Code;

use crate::{shared::run, world::World};

/// Number of concurrent writers per replica, and of rounds per writer.
const WRITERS: usize = 3;
const TIMES: usize = 12;
/// Time until the server reports a deadlock; by default it searches after a second.
const NOTICED: Duration = Duration::from_millis(1500);

#[test]
fn replicas_that_apply_feeds_and_grant_at_once_never_wait_in_a_circle() {
    run(async {
        let first = Rig::start(Setting::Postgres).await;
        let second = first.replica().await;
        let world = World::load(&first, "circle").await;
        crate::feeds::heard(&second).await;
        let writers = (0..WRITERS).flat_map(|number| {
            let worlds = [(&first, "one"), (&second, "two")];
            worlds.map(|(rig, name)| write(world.seen_by(rig), format!("{name}-{number}")))
        });
        join_all(writers).await;
        tokio::time::sleep(NOTICED).await;
        assert_eq!(deadlocks(&first).await, 0);
        let request = ListAuditEntriesRequest {
            parent: world.organization(),
            page_size: 1000,
            ..ListAuditEntriesRequest::default()
        };
        let mut audit = first.root().entitlement_audit();
        let entries = audit.list_audit_entries(request).await.unwrap();
        let entries = entries.into_inner().audit_entries;
        let of = |method: &str, reason: &str| {
            let named = |entry: &&api::common::v1::AuditEntry| {
                entry.method.ends_with(method) && entry.reason == reason
            };
            entries.iter().filter(named).count()
        };
        // The log holds each change and each refusal. Each names a person for the first time.
        assert_eq!(of("CreateGrant", ""), 2 * WRITERS * TIMES);
        assert_eq!(of("CreateGrant", "ROLE_NOT_FOUND"), 2 * WRITERS * TIMES);
    });
}

/// Enrolls members, grants them access, attempts a refused grant, and ends the memberships.
async fn write(world: World<'_>, name: String) {
    let root = world.rig.root();
    for time in 0..TIMES {
        let id = format!("circle-{name}-{time}");
        let user = CreateUserRequest {
            user_id: id.clone(),
            user: Some(User {
                login: id.clone(),
                given_name: id.clone(),
                ..User::default()
            }),
            ..CreateUserRequest::default()
        };
        root.users().create_user(user).await.unwrap();
        let membership = CreateMembershipRequest {
            parent: world.organization(),
            membership_id: id.clone(),
            membership: Some(Membership {
                subject: format!("users/{id}"),
                ..Membership::default()
            }),
            ..CreateMembershipRequest::default()
        };
        let created = root.members().create_membership(membership).await.unwrap();
        let scope = Some(Scope {
            all: true,
            ..Scope::default()
        });
        let grant = CreateGrantRequest {
            parent: world.organization(),
            grant_id: id.clone(),
            grant: Some(api::entitlement::v1::Grant {
                subject: format!("users/{id}"),
                ..world.grant("ann", "editor", scope)
            }),
            consistency_token: created.into_inner().consistency_token,
            ..CreateGrantRequest::default()
        };
        let refused = CreateGrantRequest {
            grant_id: format!("{id}-none"),
            grant: grant
                .grant
                .clone()
                .map(|grant| api::entitlement::v1::Grant {
                    role: world.role("none"),
                    ..grant
                }),
            ..grant.clone()
        };
        let mut grants = [root.grants(), root.grants()];
        let [one, other] = &mut grants;
        let made = tokio::join!(one.create_grant(grant), other.create_grant(refused));
        made.0.unwrap();
        assert_eq!(made.1.unwrap_err().code(), Code::NotFound);
        let ended = DeleteMembershipRequest {
            name: world.at(&format!("memberships/{id}")),
            ..DeleteMembershipRequest::default()
        };
        // The release by entitlement may time out on a busy machine.
        while let Err(status) = root.members().delete_membership(ended.clone()).await {
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        }
    }
}

/// Returns the number of deadlocks that the server has found in the database of an installation.
async fn deadlocks(rig: &Rig) -> i64 {
    let mut server = PgConnection::connect(rig.database()).await.unwrap();
    let counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let row = sqlx::raw_sql(counted).fetch_one(&mut server).await.unwrap();
    row.get(0)
}
