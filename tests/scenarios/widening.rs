//! No caller can widen its own access by any change.

use api::{
    entitlement::v1::{
        Application, DecisionReason, GetApplicationRequest, ReactivateEntitlementRequest, Role,
        SuspendEntitlementRequest, UpdateApplicationRequest,
    },
    membership::v1::{
        CreateMembershipRequest, Membership, Resource, Unit, UpdateResourceRequest,
        UpdateUnitRequest,
    },
};
use mandate_documents::clients::Clients;
use prost_types::FieldMask;
use tests::Rig;
use tonic::{Code, Response, Status};

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    revoking::mask,
    shared::everywhere,
    staff::staff,
};

const SELF_EDIT: (Code, &str) = (Code::PermissionDenied, "SELF_EDIT_FORBIDDEN");

/// Creates an account of the operator that also holds a role in the organization of a world.
/// Returns its clients.
async fn member(
    rig: &Rig,
    world: &Managed<'_>,
    id: &str,
    permissions: &[&str],
    (role, scope): (&str, Option<api::entitlement::v1::Scope>),
) -> Clients {
    let desk = staff(rig, id, permissions).await;
    let subject = format!("serviceAccounts/{id}");
    let root = rig.root();
    let enroll = CreateMembershipRequest {
        parent: world.name(),
        membership: Some(Membership {
            subject: subject.clone(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let enrolled = root.members().create_membership(enroll).await.unwrap();
    let mut grant = world.grant(&subject, role, scope);
    grant.consistency_token = enrolled.into_inner().consistency_token;
    grant.grant_id = id.to_owned();
    root.grants().create_grant(grant).await.unwrap();
    desk
}

/// Updates an application with `change`.
async fn declare(
    by: &Clients,
    name: String,
    path: &str,
    change: impl FnOnce(&mut Application),
) -> Result<Response<()>, Status> {
    let mut catalog = by.catalog();
    let found = catalog
        .get_application(GetApplicationRequest { name })
        .await;
    let mut application = found.unwrap().into_inner().application.unwrap();
    change(&mut application);
    let request = UpdateApplicationRequest {
        application: Some(application),
        update_mask: mask(path),
        ..UpdateApplicationRequest::default()
    };
    let updated = catalog.update_application(request).await;
    updated.map(|_| Response::new(()))
}

fn role<'a>(application: &'a mut Application, id: &str) -> &'a mut Role {
    let mut roles = application.roles.iter_mut();
    roles.find(|role| role.role_id == id).unwrap()
}

#[test]
fn b2_holders_cannot_widen_a_catalog_role() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b2-catalog").await;
        let held = ["mandate.catalog.read", "mandate.catalog.write"];
        let viewer = ("a.viewer", world.units(&["k1"]));
        let desk = member(rig, &world, "b2-catalog-desk", &held, viewer).await;
        let name = || world.application("a");
        let id = name().replace("applications/", "");
        let edit = format!("{id}.m.edit");
        let wider = |application: &mut Application| {
            role(application, "viewer").permissions.push(edit.clone());
        };
        let refused = declare(&desk, name(), "roles", wider).await;
        assert_refused(refused, SELF_EDIT.0, SELF_EDIT.1);
        let every = |application: &mut Application| {
            role(application, "viewer").permissions = vec![format!("{id}.*")];
        };
        let refused = declare(&desk, name(), "roles", every).await;
        assert_refused(refused, SELF_EDIT.0, SELF_EDIT.1);
        // Callers may change roles that they do not hold, and may narrow their own.
        let other = |application: &mut Application| {
            let view = format!("{id}.m.view");
            role(application, "editor").permissions.push(view);
        };
        declare(&desk, name(), "roles", other).await.unwrap();
        declare(&rig.root(), name(), "roles", every).await.unwrap();
        let narrower = |application: &mut Application| {
            role(application, "viewer").permissions = vec![edit.clone()];
        };
        declare(&desk, name(), "roles", narrower).await.unwrap();
        // A wildcard includes permissions that are added later.
        declare(&rig.root(), name(), "roles", every).await.unwrap();
        let verb = |application: &mut Application| {
            application.modules[0].verbs.push("delete".to_owned());
        };
        let refused = declare(&desk, name(), "modules", verb).await;
        assert_refused(refused, SELF_EDIT.0, SELF_EDIT.1);
        declare(&rig.root(), name(), "modules", verb).await.unwrap();
    });
}

#[test]
fn b2_callers_cannot_move_locations_into_their_own_scope() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b2-move").await;
        let held = ["mandate.units.write", "mandate.resources.write"];
        let viewer = ("a.viewer", world.units(&["k1"]));
        let desk = member(rig, &world, "b2-move-desk", &held, viewer).await;
        rig.apply(
            "organizations:
  - id: b2-move
    display_name: Acme
    resources: [{id: n1, type: number, unit: k2}]
",
        )
        .await;
        crate::feeds::heard(rig).await;
        let unit = |id: &str| format!("{}/units/{id}", world.name());
        let to = async |by: &Clients, target: &str| {
            let request = UpdateResourceRequest {
                resource: Some(Resource {
                    name: format!("{}/resources/n1", world.name()),
                    unit: unit(target),
                    ..Resource::default()
                }),
                update_mask: mask("unit"),
                ..UpdateResourceRequest::default()
            };
            let moved = by.organizations().update_resource(request).await;
            moved.map(|_| Response::new(()))
        };
        let below = async |by: &Clients, moved: &str, parent: &str| {
            let parent = if parent.is_empty() {
                String::new()
            } else {
                unit(parent)
            };
            let request = UpdateUnitRequest {
                unit: Some(Unit {
                    name: unit(moved),
                    parent_unit: parent,
                    ..Unit::default()
                }),
                update_mask: Some(FieldMask {
                    paths: vec!["parent_unit".to_owned()],
                }),
                ..UpdateUnitRequest::default()
            };
            let moved = by.organizations().update_unit(request).await;
            moved.map(|_| Response::new(()))
        };
        let root = rig.root();
        for target in ["k1", "k1a"] {
            assert_refused(to(&desk, target).await, SELF_EDIT.0, SELF_EDIT.1);
            assert_refused(below(&desk, "k2", target).await, SELF_EDIT.0, SELF_EDIT.1);
        }
        let account = "serviceAccounts/b2-move-desk";
        let view = format!(
            "{}.m.view",
            world.application("a").replace("applications/", "")
        );
        let number = format!("{}/resources/n1", world.name());
        let reason = rig.reason(account, &view, &number).await;
        assert_eq!(reason, DecisionReason::OutOfScope);
        // The first account holds nothing there, and the second loses access by the move.
        to(&root, "k1a").await.unwrap();
        to(&desk, "k1").await.unwrap();
        to(&desk, "k2").await.unwrap();
        below(&desk, "k1a", "").await.unwrap();
        assert_refused(below(&desk, "k1a", "k1").await, SELF_EDIT.0, SELF_EDIT.1);
        below(&root, "k1a", "k1").await.unwrap();
    });
}

#[test]
fn b2_holders_cannot_reactivate_the_entitlement_of_their_own_role() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b2-entitle").await;
        let held = ["mandate.entitlements.write"];
        let viewer = ("b.viewer", all());
        let desk = member(rig, &world, "b2-entitle-desk", &held, viewer).await;
        let root = rig.root();
        let id = world.application("b").replace("applications/", "");
        let name = format!("{}/entitlements/{id}", world.name());
        let suspend = SuspendEntitlementRequest {
            name: name.clone(),
            ..SuspendEntitlementRequest::default()
        };
        let mut grants = desk.grants();
        grants.suspend_entitlement(suspend).await.unwrap();
        let back = ReactivateEntitlementRequest {
            name: name.clone(),
            ..ReactivateEntitlementRequest::default()
        };
        let refused = grants.reactivate_entitlement(back.clone()).await;
        assert_refused(refused, SELF_EDIT.0, SELF_EDIT.1);
        root.grants().reactivate_entitlement(back).await.unwrap();
        // An account that would manage the application.
        let managing = ("mandate.application-admin", world.managing(&["a"]));
        let boss = member(rig, &world, "b2-entitle-boss", &held, managing).await;
        let id = world.application("a").replace("applications/", "");
        let name = format!("{}/entitlements/{id}", world.name());
        let suspend = SuspendEntitlementRequest {
            name: name.clone(),
            ..SuspendEntitlementRequest::default()
        };
        let mut grants = boss.grants();
        grants.suspend_entitlement(suspend).await.unwrap();
        let back = ReactivateEntitlementRequest {
            name,
            ..ReactivateEntitlementRequest::default()
        };
        let refused = grants.reactivate_entitlement(back.clone()).await;
        assert_refused(refused, SELF_EDIT.0, SELF_EDIT.1);
        desk.grants().reactivate_entitlement(back).await.unwrap();
    });
}
