//! Entitlements, which limit all grants: suspended with a reason, ended, transferred to another
//! organization.

use api::{
    common::v1::Propagation,
    entitlement::v1::{
        CreateEntitlementRequest, DecisionReason, EndEntitlementRequest, Entitlement,
        EntitlementState, GrantState, ListGrantsRequest, ReactivateEntitlementRequest,
        SuspendEntitlementRequest, SuspensionReason, TransferEntitlementRequest,
    },
};
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    shared::everywhere,
};

impl Managed<'_> {
    fn entitlement(&self, application: &str) -> String {
        let application = self.application(application);
        format!(
            "{}/entitlements/{}",
            self.name(),
            application.replace("applications/", "")
        )
    }
}

#[test]
fn a_suspension_says_why_until_it_ends() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "suspend").await;
        let mut grants = rig.root().grants();
        let request = SuspendEntitlementRequest {
            name: world.entitlement("b"),
            reason: SuspensionReason::Payment.into(),
            ..SuspendEntitlementRequest::default()
        };
        let suspended = grants.suspend_entitlement(request).await.unwrap();
        let suspended = suspended.into_inner().entitlement.unwrap();
        assert_eq!(suspended.state(), EntitlementState::Suspended);
        assert_eq!(suspended.suspension_reason(), SuspensionReason::Payment);
        let request = ReactivateEntitlementRequest {
            name: world.entitlement("b"),
            ..ReactivateEntitlementRequest::default()
        };
        let active = grants.reactivate_entitlement(request).await.unwrap();
        let active = active.into_inner().entitlement.unwrap();
        assert_eq!(active.suspension_reason(), SuspensionReason::Unspecified);
    });
}

#[test]
fn d4_what_ends_takes_every_grant_with_it_and_begins_anew_with_none() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "end").await;
        let (root, ann) = (rig.root(), world.user("ann"));
        let view = async || rig.reason(&ann, "end-b.m.view", &world.name()).await;
        for _ in 0..20 {
            world.give(&root, &ann, "b.viewer", all()).await.unwrap();
        }
        assert_eq!(view().await, DecisionReason::Allowed);
        let request = || EndEntitlementRequest {
            name: world.entitlement("b"),
            ..EndEntitlementRequest::default()
        };
        let ended = root.grants().end_entitlement(request()).await.unwrap();
        assert_eq!(ended.get_ref().propagation(), Propagation::Complete);
        let ended = ended.into_inner().entitlement.unwrap();
        assert_eq!(ended.state(), EntitlementState::Ended);
        assert_eq!(view().await, DecisionReason::ApplicationNotEntitled);
        let twice = root.grants().end_entitlement(request()).await;
        assert_refused(twice, Code::FailedPrecondition, "WRONG_STATE");
        // A grant that is created meanwhile does not survive either.
        world.give(&root, &ann, "b.viewer", all()).await.unwrap();

        let request = CreateEntitlementRequest {
            parent: world.name(),
            entitlement: Some(Entitlement {
                application: world.application("b"),
                ..Entitlement::default()
            }),
            ..CreateEntitlementRequest::default()
        };
        root.grants().create_entitlement(request).await.unwrap();
        assert_eq!(view().await, DecisionReason::NoGrant);
        let left = ListGrantsRequest {
            application: world.application("b"),
            state: GrantState::Active.into(),
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&root, left).await, [""; 0]);
        let history = ListGrantsRequest {
            application: world.application("b"),
            state: GrantState::Revoked.into(),
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&root, history).await.len(), 22);
    });
}

#[test]
fn an_entitlement_is_transferred_at_once_and_its_grants_are_not() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "transfer").await;
        let (root, ann) = (rig.root(), world.user("ann"));
        let transfer = |application: &str, destination: &str| TransferEntitlementRequest {
            name: world.entitlement(application),
            destination: destination.to_owned(),
            ..TransferEntitlementRequest::default()
        };
        let there = "organizations/transfer-else";
        let request = transfer("a", there);
        let refused = root.grants().transfer_entitlement(request).await;
        assert_refused(refused, Code::AlreadyExists, "ENTITLEMENT_EXISTS");
        let place = format!("{}/units/k1", world.name());
        let view = async |application: &str, place: &str| {
            let permission = format!("transfer-{application}.m.view");
            rig.reason(&ann, &permission, place).await
        };
        // The refused transfer has ended nothing.
        assert_eq!(view("a", &place).await, DecisionReason::Allowed);
        let owner = world.as_("owner").await;
        let refused = owner
            .grants()
            .transfer_entitlement(transfer("b", there))
            .await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");

        let moved = root
            .grants()
            .transfer_entitlement(transfer("b", there))
            .await;
        let moved = moved.unwrap().into_inner();
        assert_eq!(moved.propagation(), Propagation::Complete);
        let moved = moved.entitlement.unwrap();
        assert_eq!(moved.name, format!("{there}/entitlements/transfer-b"));
        assert_eq!(moved.state(), EntitlementState::Active);
        let reason = view("b", &world.name()).await;
        assert_eq!(reason, DecisionReason::ApplicationNotEntitled);
        assert_eq!(view("b", there).await, DecisionReason::NoGrant);
    });
}

#[test]
fn the_operator_keeps_the_power_to_manage() {
    everywhere(async |rig| {
        let request = EndEntitlementRequest {
            name: "organizations/operator/entitlements/mandate".to_owned(),
            ..EndEntitlementRequest::default()
        };
        let refused = rig.root().grants().end_entitlement(request).await;
        assert_refused(refused, Code::FailedPrecondition, "APPLICATION_BUILT_IN");
    });
}
