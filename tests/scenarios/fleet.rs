//! S0: a fleet-management application inside a telecom portal.

use api::entitlement::v1::{
    AccessView, CreateGrantRequest, DecisionReason, GetGrantRequest, ListGrantsRequest, Placement,
    Scope,
};
use tonic::Code;

use crate::{place::access, refusal::assert_refused, shared::everywhere, world::World};

const TRANSPORT: &str = "organizations/transport-janssens";

#[test]
fn s0_6_the_launcher_shows_an_application_to_those_who_have_access_only() {
    everywhere(async |rig| {
        let launcher = async |organization: &str, user: &str| {
            access(&rig.root(), organization, user, AccessView::Launcher, 0).await
        };
        let seen = launcher(TRANSPORT, "users/jan-peeters").await;
        let fleet: Vec<_> = seen
            .iter()
            .filter(|found| found.application == "applications/fleet")
            .collect();
        assert_eq!(fleet.len(), 1, "{:?}", rig.setting);
        assert_eq!(
            fleet[0].placements,
            [Placement::Overview, Placement::BusinessTools].map(i32::from)
        );
        // A registered user who was never granted the application.
        let seen = launcher(TRANSPORT, "users/rita-deprez").await;
        let seen: Vec<_> = seen.iter().map(|found| &found.application).collect();
        assert_eq!(seen, ["applications/telecom-portal"], "{:?}", rig.setting);
        assert_eq!(launcher(TRANSPORT, "users/nora-aerts").await, []);
    });
}

#[test]
fn s0_7_what_the_organization_has_no_longer_is_not_shown_and_not_allowed() {
    everywhere(async |rig| {
        for (organization, user) in [
            ("organizations/verhuis-lemmens", "users/wim-lemmens"),
            ("organizations/bouwwerken-claes", "users/wim-lemmens"),
        ] {
            let seen = access(&rig.root(), organization, user, AccessView::Launcher, 0).await;
            assert!(
                seen.iter()
                    .all(|found| found.application != "applications/fleet")
            );
            let reason = rig.reason(user, "fleet.billing.view", organization).await;
            assert_eq!(reason, DecisionReason::ApplicationNotEntitled);
        }
    });
}

#[test]
fn s0_10_a_user_who_is_not_registered_is_given_nothing() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-10").await;
        let request = CreateGrantRequest {
            parent: world.organization(),
            grant: Some(world.grant("fay", "viewer", None)),
            ..CreateGrantRequest::default()
        };
        let refused = rig.root().grants().create_grant(request).await;
        assert_refused(refused, Code::FailedPrecondition, "USER_NOT_MEMBER");
    });
}

#[test]
fn s0_17_a_grant_without_a_restriction_is_stored_as_one_for_all() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-17").await;
        let request = CreateGrantRequest {
            parent: world.organization(),
            grant: Some(world.grant("eva", "viewer", None)),
            grant_id: "eva".to_owned(),
            ..CreateGrantRequest::default()
        };
        let everything = Some(Scope {
            all: true,
            ..Scope::default()
        });
        let mut grants = rig.root().grants();
        let created = grants.create_grant(request).await.unwrap().into_inner();
        assert_eq!(created.grant.unwrap().scope, everything);
        let name = world.at("grants/eva");
        let found = grants.get_grant(GetGrantRequest { name }).await.unwrap();
        assert_eq!(found.into_inner().grant.unwrap().scope, everything);
        let request = ListGrantsRequest {
            parent: world.organization(),
            subject: world.user("eva"),
            ..ListGrantsRequest::default()
        };
        let listed = grants.list_grants(request).await.unwrap().into_inner();
        assert_eq!(listed.grants[0].scope, everything);
    });
}

#[test]
fn s0_18_s0_19_s0_20_a_restriction_to_numbers_and_accounts_is_their_union() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-18").await;
        // n1 and n2 are below account k1; n3 and n4 belong to account k2.
        for (user, allowed) in [
            ("cas", [false, false, true, false]),
            ("ben", [true, true, false, false]),
            ("dan", [true, true, true, false]),
        ] {
            for (number, allowed) in ["n1", "n2", "n3", "n4"].into_iter().zip(allowed) {
                let place = world.at(&format!("resources/{number}"));
                let reason = world.reason(&world.user(user), &place).await;
                let expected = if allowed {
                    DecisionReason::Allowed
                } else {
                    DecisionReason::OutOfScope
                };
                assert_eq!(reason, expected, "{user} {number} {:?}", rig.setting);
            }
        }
        assert!(world.allows("ben", "units/k1a").await);
        assert!(!world.allows("ben", "units/k2").await);
        assert!(!world.allows("cas", "units/k2").await);
    });
}

#[test]
fn s0_21_a_restriction_is_on_viewing_and_never_allows_editing() {
    everywhere(async |rig| {
        let world = World::load(rig, "s0-21").await;
        let edit = world.permission("billing.edit");
        for user in ["ann", "ben", "cas", "dan"] {
            for place in ["units/k1", "units/k2", "resources/n1", "resources/n3"] {
                let reason = rig.reason(&world.user(user), &edit, &world.at(place)).await;
                assert_eq!(reason, DecisionReason::NoGrant, "{user} {place}");
            }
        }
    });
}
