//! Access that is deactivated and reactivated, and the access that remains meanwhile.

use api::{
    entitlement::v1::{DecisionReason, ListGrantsRequest, SuspendEntitlementRequest},
    identity::v1::{DeactivateUserRequest, GetUserRequest, UserState},
    membership::v1::{
        DeleteMembershipRequest, Membership, MembershipState, ReactivateMembershipRequest,
        ReactivateOrganizationRequest, SuspendMembershipRequest, SuspendOrganizationRequest,
        UpdateMembershipRequest,
    },
};
use prost_types::FieldMask;
use tests::Rig;
use tonic::Code;

use crate::{managed::Managed, refusal::assert_refused, shared::everywhere};

fn membership(world: &Managed<'_>, id: &str) -> String {
    let (_, id) = id.split_once('/').unwrap();
    format!("{}/memberships/{id}", world.name())
}

/// Returns the reasons of the decisions about Ann in applications `a` and `b`.
async fn reasons(rig: &Rig, world: &Managed<'_>) -> [DecisionReason; 2] {
    let mut found = [DecisionReason::Unspecified; 2];
    for (found, application) in found.iter_mut().zip(["a", "b"]) {
        let id = world.application(application).replace("applications/", "");
        let permission = format!("{id}.m.view");
        let place = format!("{}/units/k1", world.name());
        *found = rig.reason(&world.user("ann"), &permission, &place).await;
    }
    found
}

async fn of_ann(rig: &Rig, world: &Managed<'_>) -> Vec<String> {
    let request = ListGrantsRequest {
        subject: world.user("ann"),
        ..ListGrantsRequest::default()
    };
    world.listed(&rig.root(), request).await
}

/// Partly S4-31: there are no sessions.
#[test]
fn s4_31_s4_32_a_reactivated_member_regains_only_entitled_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s4-31").await;
        let root = rig.root();
        assert_eq!(reasons(rig, &world).await, [DecisionReason::Allowed; 2]);
        let suspend = SuspendMembershipRequest {
            name: membership(&world, &world.user("ann")),
            ..SuspendMembershipRequest::default()
        };
        root.members().suspend_membership(suspend).await.unwrap();
        let off = [DecisionReason::MembershipNotActive; 2];
        assert_eq!(reasons(rig, &world).await, off);
        assert_eq!(of_ann(rig, &world).await, ["ann", "ann-b"]);
        let id = world.application("b").replace("applications/", "");
        let suspend = SuspendEntitlementRequest {
            name: format!("{}/entitlements/{id}", world.name()),
            ..SuspendEntitlementRequest::default()
        };
        root.grants().suspend_entitlement(suspend).await.unwrap();
        let reactivate = ReactivateMembershipRequest {
            name: membership(&world, &world.user("ann")),
            ..ReactivateMembershipRequest::default()
        };
        let reactivated = root.members().reactivate_membership(reactivate).await;
        reactivated.unwrap();
        let left = [
            DecisionReason::Allowed,
            DecisionReason::ApplicationNotEntitled,
        ];
        assert_eq!(reasons(rig, &world).await, left);
    });
}

#[test]
fn s4_33_a_deactivated_user_and_its_grants_remain_readable() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s4-33").await;
        let mut users = rig.root().users();
        let name = world.user("ann");
        let deactivate = DeactivateUserRequest {
            name: name.clone(),
            ..DeactivateUserRequest::default()
        };
        users.deactivate_user(deactivate).await.unwrap();
        let off = [DecisionReason::SubjectNotActive; 2];
        assert_eq!(reasons(rig, &world).await, off);
        let found = users.get_user(GetUserRequest { name }).await.unwrap();
        let found = found.into_inner().user.unwrap();
        assert_eq!(found.state(), UserState::Deactivated);
        assert_eq!(of_ann(rig, &world).await, ["ann", "ann-b"]);
    });
}

#[test]
fn s4_27_a_state_changes_only_through_its_methods() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s4-27").await;
        let request = UpdateMembershipRequest {
            membership: Some(Membership {
                name: membership(&world, &world.user("ann")),
                state: MembershipState::Suspended.into(),
                ..Membership::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["state".to_owned()],
            }),
            ..UpdateMembershipRequest::default()
        };
        let refused = rig.root().members().update_membership(request).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        assert_eq!(reasons(rig, &world).await, [DecisionReason::Allowed; 2]);
    });
}

#[test]
fn d2_an_owner_of_a_suspended_organization_manages_nothing() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "d2").await;
        let (root, owner) = (rig.root(), world.as_("owner").await);
        let give = async || {
            let scope = world.units(&["k1"]);
            let ben = world.user("ben");
            world.give(&owner, &ben, "a.viewer", scope).await.map(drop)
        };
        let suspend = SuspendOrganizationRequest {
            name: world.name(),
            ..SuspendOrganizationRequest::default()
        };
        let mut organizations = root.organizations();
        organizations.suspend_organization(suspend).await.unwrap();
        let refused = give().await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let listed = ListGrantsRequest {
            parent: world.name(),
            ..ListGrantsRequest::default()
        };
        let refused = owner.grants().list_grants(listed).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let reactivate = ReactivateOrganizationRequest {
            name: world.name(),
            ..ReactivateOrganizationRequest::default()
        };
        let reactivated = organizations.reactivate_organization(reactivate).await;
        reactivated.unwrap();
        give().await.unwrap();
    });
}

#[test]
fn d7_a_key_gives_no_access_where_its_holder_is_not_a_member() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "d7").await;
        let part = world.as_("part").await;
        let give = async |user: &str| {
            let scope = world.units(&["k1"]);
            let user = world.user(user);
            world.give(&part, &user, "b.viewer", scope).await.map(drop)
        };
        give("ben").await.unwrap();
        let delete = DeleteMembershipRequest {
            name: membership(&world, &world.account("part")),
            ..DeleteMembershipRequest::default()
        };
        rig.root()
            .members()
            .delete_membership(delete)
            .await
            .unwrap();
        let refused = give("ann").await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    });
}
