//! A loss of access is visible to the very next check.

use api::{
    common::v1::Propagation,
    entitlement::v1::{DecisionReason, Grant, Scope, UpdateGrantRequest},
    membership::v1::{
        DeleteResourceRequest, DeleteUnitRequest, Resource, Unit, UpdateResourceRequest,
        UpdateUnitRequest,
    },
};
use prost_types::FieldMask;

use crate::{shared::everywhere, world::World};

#[expect(clippy::unnecessary_wraps, reason = "a field of a message")]
pub fn mask(path: &str) -> Option<FieldMask> {
    Some(FieldMask {
        paths: vec![path.to_owned()],
    })
}

#[test]
fn k_s_a_revoked_grant_denies_the_next_question() {
    everywhere(async |rig| {
        let world = World::load(rig, "revoke-grant").await;
        for user in ["ann", "ben", "cas", "dan"] {
            let place = if user == "cas" {
                "resources/n3"
            } else {
                "units/k1"
            };
            assert!(world.allows(user, place).await);
            let revoked = world.revoke(user).await;
            assert_eq!(revoked.propagation(), Propagation::Complete);
            let reason = world.reason(&world.user(user), &world.at(place)).await;
            assert_eq!(reason, DecisionReason::NoGrant, "{user} {:?}", rig.setting);
        }
    });
}

#[test]
fn a_narrowed_grant_denies_the_next_question() {
    everywhere(async |rig| {
        let world = World::load(rig, "narrow-grant").await;
        assert!(world.allows("ann", "units/k2").await);
        let request = UpdateGrantRequest {
            grant: Some(Grant {
                name: world.at("grants/ann"),
                scope: Some(Scope {
                    units: vec![world.at("units/k1")],
                    ..Scope::default()
                }),
                ..Grant::default()
            }),
            update_mask: mask("scope"),
            ..UpdateGrantRequest::default()
        };
        let updated = rig.root().grants().update_grant(request).await.unwrap();
        assert_eq!(updated.get_ref().propagation(), Propagation::Complete);
        assert!(!world.allows("ann", "units/k2").await);
        assert!(world.allows("ann", "units/k1a").await);
    });
}

#[test]
fn a_unit_that_moves_away_leaves_the_scope_with_all_below_it() {
    everywhere(async |rig| {
        let world = World::load(rig, "move-unit").await;
        assert!(world.allows("ben", "units/k1a").await);
        assert!(world.allows("ben", "resources/n2").await);
        let request = UpdateUnitRequest {
            unit: Some(Unit {
                name: world.at("units/k1a"),
                parent_unit: world.at("units/k2"),
                ..Unit::default()
            }),
            update_mask: mask("parent_unit"),
            ..UpdateUnitRequest::default()
        };
        let moved = rig.root().organizations().update_unit(request).await;
        assert_eq!(
            moved.unwrap().get_ref().propagation(),
            Propagation::Complete
        );
        assert!(!world.allows("ben", "units/k1a").await);
        assert!(!world.allows("ben", "resources/n2").await);
        assert!(world.allows("ben", "resources/n1").await);
        assert!(world.allows("ann", "resources/n2").await);
    });
}

#[test]
fn a_resource_that_moves_away_leaves_the_scope() {
    everywhere(async |rig| {
        let world = World::load(rig, "move-resource").await;
        assert!(world.allows("ben", "resources/n1").await);
        let request = UpdateResourceRequest {
            resource: Some(Resource {
                name: world.at("resources/n1"),
                unit: world.at("units/k2"),
                ..Resource::default()
            }),
            update_mask: mask("unit"),
            ..UpdateResourceRequest::default()
        };
        let moved = rig.root().organizations().update_resource(request).await;
        assert_eq!(
            moved.unwrap().get_ref().propagation(),
            Propagation::Complete
        );
        assert!(!world.allows("ben", "resources/n1").await);
        assert!(world.allows("cas", "resources/n3").await);
    });
}

#[test]
fn what_is_deleted_is_covered_by_nothing_not_even_by_all() {
    everywhere(async |rig| {
        let world = World::load(rig, "delete-places").await;
        let mut organizations = rig.root().organizations();
        assert!(world.allows("cas", "resources/n3").await);
        assert!(world.allows("ann", "resources/n2").await);
        for resource in ["n3", "n2"] {
            let request = DeleteResourceRequest {
                name: world.at(&format!("resources/{resource}")),
                ..DeleteResourceRequest::default()
            };
            let deleted = organizations.delete_resource(request).await.unwrap();
            assert_eq!(deleted.get_ref().propagation(), Propagation::Complete);
        }
        // A grant ends with its last location.
        for (user, place, expected) in [
            ("cas", "resources/n3", DecisionReason::NoGrant),
            ("ann", "resources/n2", DecisionReason::OutOfScope),
        ] {
            let reason = world.reason(&world.user(user), &world.at(place)).await;
            assert_eq!(reason, expected, "{user} {place}");
        }
        assert!(world.allows("ann", "units/k1a").await);
        assert!(world.allows("ben", "units/k1a").await);
        let request = DeleteUnitRequest {
            name: world.at("units/k1a"),
            ..DeleteUnitRequest::default()
        };
        let deleted = organizations.delete_unit(request).await.unwrap();
        assert_eq!(deleted.get_ref().propagation(), Propagation::Complete);
        assert!(!world.allows("ann", "units/k1a").await);
        assert!(!world.allows("ben", "units/k1a").await);
    });
}
