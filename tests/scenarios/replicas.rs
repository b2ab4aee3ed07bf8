//! Two replicas on one database and one Redis.

use std::time::{Duration, Instant};

use api::{
    entitlement::v1::DecisionReason,
    identity::v1::DeactivateUserRequest,
    membership::v1::{SuspendMembershipRequest, SuspendOrganizationRequest},
};
use tests::{Rig, Setting};

use crate::{shared::run, tokens::at_least, world::World};

/// Maximum time for which an allow may outlive its grant on a replica that was not notified.
const LEASE: Duration = Duration::from_secs(1);

/// Repeats a check until it is denied, and asserts that this takes no longer than the lease.
pub async fn denied_within_lease(world: &World<'_>, user: &str, place: &str) {
    let begin = Instant::now();
    while world.allows(user, place).await {
        assert!(
            begin.elapsed() <= LEASE,
            "{user} is allowed after the lease"
        );
    }
    assert!(begin.elapsed() <= LEASE, "{user} was denied too late");
}

#[test]
fn k_t_a_revocation_is_true_on_the_other_replica_within_the_lease() {
    run(async {
        let first = Rig::start(Setting::Postgres).await;
        let second = first.replica().await;
        let world = World::load(&first, "other-replica").await;
        let there = world.seen_by(&second);
        for (user, place) in [("ann", "units/k1"), ("ben", "units/k1")] {
            assert!(there.allows(user, place).await);
            world.revoke(user).await;
            denied_within_lease(&there, user, place).await;
        }
        assert!(there.allows("cas", "resources/n3").await);
        let request = SuspendMembershipRequest {
            name: world.membership("cas"),
            ..SuspendMembershipRequest::default()
        };
        let mut members = first.root().members();
        members.suspend_membership(request).await.unwrap();
        denied_within_lease(&there, "cas", "resources/n3").await;
        let request = DeactivateUserRequest {
            name: world.user("dan"),
            ..DeactivateUserRequest::default()
        };
        assert!(there.allows("dan", "units/k1").await);
        first.root().users().deactivate_user(request).await.unwrap();
        denied_within_lease(&there, "dan", "units/k1").await;
    });
}

#[test]
fn with_its_token_a_revocation_is_true_on_the_other_replica_at_once() {
    run(async {
        let first = Rig::start(Setting::Postgres).await;
        let second = first.replica().await;
        let world = World::load(&first, "other-token").await;
        let there = world.seen_by(&second);
        let ask = async |user: &str, place: &str, token: &str| {
            let mut question = there.question(user, place);
            question.consistency = Some(at_least(token));
            there.ask(question).await.reason()
        };
        for user in ["ann", "ben", "dan"] {
            assert!(there.allows(user, "units/k1").await);
            let token = world.revoke(user).await.consistency_token;
            let reason = ask(user, "units/k1", &token).await;
            assert_eq!(reason, DecisionReason::NoGrant);
        }
        assert!(there.allows("cas", "resources/n3").await);
        let request = SuspendOrganizationRequest {
            name: world.organization(),
            ..SuspendOrganizationRequest::default()
        };
        let mut organizations = first.root().organizations();
        let suspended = organizations.suspend_organization(request).await.unwrap();
        let token = suspended.into_inner().consistency_token;
        let reason = ask("cas", "resources/n3", &token).await;
        assert_eq!(reason, DecisionReason::OrganizationNotActive);
    });
}

#[test]
fn a_replica_that_ends_leaves_the_other_to_follow_the_feeds() {
    run(async {
        let mut first = Rig::start(Setting::Postgres).await;
        let second = first.replica().await;
        let world = World::load(&second, "left-alone").await;
        first.stop();
        for (user, place) in [("ann", "units/k1"), ("cas", "resources/n3")] {
            assert!(world.allows(user, place).await);
            let request = SuspendMembershipRequest {
                name: world.membership(user),
                ..SuspendMembershipRequest::default()
            };
            let mut members = second.root().members();
            let token = members.suspend_membership(request).await.unwrap();
            let mut question = world.question(user, place);
            question.consistency = Some(at_least(&token.into_inner().consistency_token));
            let reason = world.ask(question).await.reason();
            assert_eq!(reason, DecisionReason::MembershipNotActive);
        }
    });
}
