//! A deleted entity that is created again is a new entity: a scope that named the old one does not
//! cover the new one, in every order in which services may receive the changes.

use std::time::Duration;

use api::{
    entitlement::v1::{
        CreateEntitlementRequest, CreateGrantRequest, DecisionReason, EndEntitlementRequest,
        Entitlement, GetGrantRequest, Grant, GrantState, Scope,
    },
    membership::v1::{
        CreateMembershipRequest, CreateResourceRequest, CreateUnitRequest, DeleteMembershipRequest,
        DeleteResourceRequest, DeleteUnitRequest, Membership, Resource, UpdateResourceRequest,
    },
};
use mandate_documents::clients::Clients;
use prost_types::Timestamp;
use tests::{Rig, Setting};
use types::UnixTime;

use crate::{
    apart::Apart,
    feeds::heard,
    managed::{Managed, all},
    revoking::mask,
    shared::{everywhere, run},
    world::{DOCUMENT, World},
};

const NOW: UnixTime = UnixTime(1_767_225_600_000);

async fn delete_resource(clients: &Clients, name: String) -> Resource {
    let request = DeleteResourceRequest {
        name,
        ..DeleteResourceRequest::default()
    };
    let deleted = clients.organizations().delete_resource(request).await;
    deleted.unwrap().into_inner().resource.unwrap()
}

/// Creates a resource like the given one.
async fn create_resource(clients: &Clients, resource: &Resource) -> Resource {
    let (parent, id) = resource.name.split_once("/resources/").unwrap();
    let request = CreateResourceRequest {
        parent: parent.to_owned(),
        resource_id: id.to_owned(),
        resource: Some(resource.clone()),
        ..CreateResourceRequest::default()
    };
    let created = clients.organizations().create_resource(request).await;
    created.unwrap().into_inner().resource.unwrap()
}

async fn resource_again(clients: &Clients, name: String) -> Resource {
    let before = delete_resource(clients, name).await;
    let after = create_resource(clients, &before).await;
    assert!(after.uid != before.uid && !after.uid.is_empty());
    after
}

pub async fn unit_again(clients: &Clients, name: String) {
    let mut organizations = clients.organizations();
    let (parent, id) = name.split_once("/units/").unwrap();
    let (parent, unit_id) = (parent.to_owned(), id.to_owned());
    let request = DeleteUnitRequest {
        name: name.clone(),
        ..DeleteUnitRequest::default()
    };
    let before = organizations.delete_unit(request).await.unwrap();
    let before = before.into_inner().unit.unwrap();
    let request = CreateUnitRequest {
        parent,
        unit_id,
        unit: Some(before.clone()),
        ..CreateUnitRequest::default()
    };
    let after = organizations.create_unit(request).await.unwrap();
    assert_ne!(before.uid, after.into_inner().unit.unwrap().uid);
}

async fn grant(clients: &Clients, name: String) -> Grant {
    let found = clients.grants().get_grant(GetGrantRequest { name }).await;
    found.unwrap().into_inner().grant.unwrap()
}

/// Asserts that a grant has ended because its only location was deleted.
fn assert_ended(grant: &Grant, place: &str) {
    assert_eq!(grant.state(), GrantState::Revoked, "{grant:?}");
    assert_eq!(grant.revoked_by, "system");
    assert_eq!(grant.deleted_places, [place]);
}

#[test]
fn a_recreated_resource_is_covered_by_no_earlier_scope() {
    everywhere(async |rig| {
        let world = World::load(rig, "again").await;
        let (clients, n3) = (rig.root(), world.at("resources/n3"));
        assert!(world.allows("cas", "resources/n3").await);
        assert!(world.allows("dan", "resources/n3").await);
        resource_again(&clients, n3.clone()).await;
        heard(rig).await;
        for user in ["cas", "dan"] {
            let reason = world.reason(&world.user(user), &n3).await;
            let expected = if user == "cas" {
                DecisionReason::NoGrant
            } else {
                DecisionReason::OutOfScope
            };
            assert_eq!(reason, expected, "{user} {:?}", rig.setting);
        }
        assert!(world.allows("ann", "resources/n3").await);
        assert_ended(&grant(&clients, world.at("grants/cas")).await, &n3);
        let dan = grant(&clients, world.at("grants/dan")).await;
        assert_eq!(dan.state(), GrantState::Active);
        assert_eq!(dan.deleted_places, [n3.as_str()]);
        let left = Scope {
            units: vec![world.at("units/k1")],
            ..Scope::default()
        };
        assert_eq!(dan.scope, Some(left));
        // A new scope with the same name covers the new resource.
        let scope = Scope {
            resources: vec![n3.clone()],
            ..Scope::default()
        };
        let request = CreateGrantRequest {
            parent: world.organization(),
            grant: Some(world.grant("eva", "viewer", Some(scope))),
            ..CreateGrantRequest::default()
        };
        clients.grants().create_grant(request).await.unwrap();
        assert!(world.allows("eva", "resources/n3").await);
        // The new resource keeps its identity when it moves.
        let resource = Resource {
            name: n3,
            unit: world.at("units/k1a"),
            ..Resource::default()
        };
        let request = UpdateResourceRequest {
            resource: Some(resource),
            update_mask: mask("unit"),
            ..UpdateResourceRequest::default()
        };
        clients
            .organizations()
            .update_resource(request)
            .await
            .unwrap();
        heard(rig).await;
        assert!(world.allows("eva", "resources/n3").await);
    });
}

#[test]
fn a_recreated_unit_is_managed_by_no_earlier_manager() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "unit-again").await;
        let (root, k1a) = (rig.root(), world.name() + "/units/k1a");
        let lead = world.account("plain");
        let role = "mandate.delegated-owner";
        let scope = world.units(&["k1a"]);
        let given = world.give(&root, &lead, role, scope.clone()).await.unwrap();
        let given = given.into_inner().grant.unwrap().name;
        let plain = world.as_("plain").await;
        let wish = |id: &str| {
            let mut wish = world.grant(&world.user("ben"), "a.viewer", scope.clone());
            wish.grant_id = id.to_owned();
            wish
        };
        plain.grants().create_grant(wish("before")).await.unwrap();
        unit_again(&root, k1a.clone()).await;
        heard(rig).await;
        assert_ended(&grant(&root, given).await, &k1a);
        let before = grant(&root, world.grant_name("before")).await;
        assert_ended(&before, &k1a);
        let refused = plain.grants().create_grant(wish("after")).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
    });
}

/// The feed keeps only the latest state of each entity, so a disconnected reader sees no deletion.
#[test]
fn a_location_recreated_while_entitlement_is_down_is_a_new_one() {
    everywhere(async |rig| {
        let world = World::load(rig, "again-unheard").await;
        let mut apart = Apart::start(rig).await;
        apart.apply(&DOCUMENT.replace('$', "again-unheard")).await;
        apart.heard().await;
        let (n3, k1a) = ("resources/n3", "units/k1a");
        assert!(apart.reason(world.question("cas", n3)).await == DecisionReason::Allowed);
        apart.stop();
        let root = rig.root();
        resource_again(&root, world.at(n3)).await;
        delete_resource(&root, world.at("resources/n2")).await;
        unit_again(&root, world.at(k1a)).await;
        apart.resume().await;
        for user in ["cas", "dan"] {
            let reason = apart.reason(world.question(user, n3)).await;
            assert_ne!(reason, DecisionReason::Allowed, "{user} {:?}", rig.setting);
        }
        assert_eq!(
            apart.reason(world.question("ben", k1a)).await,
            DecisionReason::Allowed
        );
        assert_ended(&apart.grant(&world.at("grants/cas")).await, &world.at(n3));
        apart.stop();
        apart.resume().await;
        let reason = apart.reason(world.question("cas", n3)).await;
        assert_eq!(reason, DecisionReason::NoGrant);
    });
}

/// A membership that ended and began again while the reader was disconnected is a new membership,
/// for the same or another subject.
#[test]
fn a_membership_recreated_while_entitlement_is_down_starts_without_grants() {
    everywhere(async |rig| {
        let world = World::load(rig, "member-unheard").await;
        let mut apart = Apart::start(rig).await;
        apart.apply(&DOCUMENT.replace('$', "member-unheard")).await;
        apart.heard().await;
        assert!(apart.reason(world.question("ann", "units/k1")).await == DecisionReason::Allowed);
        apart.stop();
        let mut members = rig.root().members();
        for user in ["ann", "ben", "cas"] {
            let request = DeleteMembershipRequest {
                name: world.membership(user),
                ..DeleteMembershipRequest::default()
            };
            members.delete_membership(request).await.unwrap();
        }
        // Two users swap membership names, one of them twice; the third keeps the name.
        for (user, other) in [("ann", "ben"), ("ben", "ann"), ("cas", "cas")] {
            let name = world.membership(other);
            let request = CreateMembershipRequest {
                parent: world.organization(),
                membership_id: name.rsplit('/').next().unwrap().to_owned(),
                membership: Some(Membership {
                    subject: world.user(user),
                    ..Membership::default()
                }),
                ..CreateMembershipRequest::default()
            };
            members.create_membership(request.clone()).await.unwrap();
            if user == "ann" {
                let ending = DeleteMembershipRequest {
                    name,
                    ..DeleteMembershipRequest::default()
                };
                members.delete_membership(ending).await.unwrap();
                members.create_membership(request).await.unwrap();
            }
        }
        apart.resume().await;
        for (user, place) in [
            ("ann", "units/k1"),
            ("ben", "units/k1"),
            ("cas", "resources/n3"),
        ] {
            let reason = apart.reason(world.question(user, place)).await;
            assert_eq!(reason, DecisionReason::NoGrant, "{user} {:?}", rig.setting);
        }
    });
}

#[test]
fn replaying_a_feed_from_its_start_changes_nothing() {
    everywhere(async |rig| {
        if rig.setting == Setting::Sqlite {
            // No other process writes to the SQLite file.
            return;
        }
        let world = World::load(rig, "again-replay").await;
        let mut apart = Apart::start(rig).await;
        apart.apply(&DOCUMENT.replace('$', "again-replay")).await;
        let root = apart.root();
        // A member leaves, returns and receives a grant; a resource is deleted and created again.
        let request = DeleteMembershipRequest {
            name: world.membership("ann"),
            ..DeleteMembershipRequest::default()
        };
        root.members().delete_membership(request).await.unwrap();
        let request = CreateMembershipRequest {
            parent: world.organization(),
            membership: Some(Membership {
                subject: world.user("ann"),
                ..Membership::default()
            }),
            ..CreateMembershipRequest::default()
        };
        root.members().create_membership(request).await.unwrap();
        resource_again(&root, world.at("resources/n3")).await;
        apart.heard().await;
        let scope = Scope {
            resources: vec![world.at("resources/n3")],
            ..Scope::default()
        };
        for (user, scope) in [("ann", all()), ("eva", Some(scope))] {
            let request = CreateGrantRequest {
                parent: world.organization(),
                grant_id: format!("{user}-again"),
                grant: Some(world.grant(user, "viewer", scope)),
                ..CreateGrantRequest::default()
            };
            root.grants().create_grant(request).await.unwrap();
        }
        let mut before = Vec::new();
        for id in ["ann", "ben", "cas", "dan", "ann-again", "eva-again"] {
            before.push(apart.grant(&world.at(&format!("grants/{id}"))).await);
        }
        apart.stop();
        apart.forget("DELETE FROM entitlement.cursors").await;
        apart.resume().await;
        for known in before {
            assert_eq!(apart.grant(&known.name).await, known);
        }
        for user in ["ann", "eva"] {
            let reason = apart.reason(world.question(user, "resources/n3")).await;
            assert_eq!(reason, DecisionReason::Allowed, "{user} {:?}", rig.setting);
        }
    });
}

#[test]
fn a_deleted_location_is_covered_only_as_of_times_before_its_deletion() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, NOW).await;
            let clock = rig.clock.clone().unwrap();
            let world = World::load(&rig, "again-then").await;
            let n3 = world.at("resources/n3");
            clock.advance(Duration::from_secs(10));
            let resource = delete_resource(&rig.root(), n3.clone()).await;
            heard(&rig).await;
            clock.advance(Duration::from_secs(10));
            create_resource(&rig.root(), &resource).await;
            heard(&rig).await;
            clock.advance(Duration::from_secs(10));
            for (second, ann, cas) in [
                (5, DecisionReason::Allowed, DecisionReason::Allowed),
                (15, DecisionReason::OutOfScope, DecisionReason::NoGrant),
                (25, DecisionReason::Allowed, DecisionReason::NoGrant),
            ] {
                for (user, expected) in [("ann", ann), ("cas", cas)] {
                    let mut question = world.question(user, "resources/n3");
                    question.read_time = Some(Timestamp {
                        seconds: NOW.0 / 1000 + second,
                        nanos: 0,
                    });
                    let reason = world.ask(question).await.reason();
                    assert_eq!(reason, expected, "{user} at {second} in {setting:?}");
                }
            }
        }
    });
}

#[test]
fn a_recreated_entitlement_has_no_earlier_application_admins() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "sold-again").await;
        let (root, admin) = (rig.root(), world.as_("admin").await);
        let application = world.application("a");
        let id = application.rsplit('/').next().unwrap().to_owned();
        let request = EndEntitlementRequest {
            name: format!("{}/entitlements/{id}", world.name()),
            ..EndEntitlementRequest::default()
        };
        root.grants().end_entitlement(request).await.unwrap();
        let request = CreateEntitlementRequest {
            parent: world.name(),
            entitlement: Some(Entitlement {
                application,
                ..Entitlement::default()
            }),
            ..CreateEntitlementRequest::default()
        };
        root.grants().create_entitlement(request).await.unwrap();
        let ben = world.user("ben");
        let refused = world.give(&admin, &ben, "a.viewer", all()).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
        let held = grant(&root, world.grant_name("admin")).await;
        assert_eq!(held.state(), GrantState::Revoked);
    });
}

/// A single location is named by very many grants.
#[test]
fn a_recreated_location_is_covered_by_none_of_many_earlier_grants() {
    everywhere(async |rig| {
        let world = World::load(rig, "again-many").await;
        let clients = rig.root();
        let n4 = world.at("resources/n4");
        let scope = Scope {
            resources: vec![n4.clone()],
            ..Scope::default()
        };
        let request = api::entitlement::v1::BatchCreateGrantsRequest {
            parent: world.organization(),
            requests: (0..1000)
                .map(|index| CreateGrantRequest {
                    grant_id: format!("many-{index}"),
                    grant: Some(world.grant("eva", "viewer", Some(scope.clone()))),
                    ..CreateGrantRequest::default()
                })
                .collect(),
            ..Default::default()
        };
        for round in 0..3 {
            let mut request = request.clone();
            for part in &mut request.requests {
                part.grant_id = format!("{}-{round}", part.grant_id);
            }
            clients.grants().batch_create_grants(request).await.unwrap();
        }
        assert!(world.allows("eva", "resources/n4").await);
        resource_again(&clients, n4).await;
        heard(rig).await;
        assert!(!world.allows("eva", "resources/n4").await);
    });
}
