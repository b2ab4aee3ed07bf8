//! Restoring access takes the right to grant it.

use api::{
    entitlement::v1::{Grant, ReactivateEntitlementRequest, SuspendEntitlementRequest},
    membership::v1::{
        CreateMembershipRequest, Membership, Organization, ReactivateMembershipRequest,
        ReactivateOrganizationRequest, SuspendMembershipRequest, SuspendOrganizationRequest,
        UpdateMembershipRequest, UpdateOrganizationRequest,
    },
};
use mandate_documents::clients::Clients;
use prost_types::Timestamp;
use tonic::{Code, Response, Status};

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    revoking::mask,
    shared::everywhere,
    staff::staff,
};

const DENIED: Code = Code::PermissionDenied;
const ORGANIZATIONS: [&str; 2] = [
    "mandate.organizations.suspend",
    "mandate.organizations.write",
];

pub fn membership(world: &Managed<'_>, subject: &str) -> String {
    let (_, id) = subject.split_once('/').unwrap();
    format!("{}/memberships/{id}", world.name())
}

async fn suspend(world: &Managed<'_>, by: &Clients, subject: &str) {
    let request = SuspendMembershipRequest {
        name: membership(world, subject),
        ..SuspendMembershipRequest::default()
    };
    by.members().suspend_membership(request).await.unwrap();
}

async fn reactivate(
    world: &Managed<'_>,
    by: &Clients,
    subject: &str,
) -> Result<Response<()>, Status> {
    let request = ReactivateMembershipRequest {
        name: membership(world, subject),
        ..ReactivateMembershipRequest::default()
    };
    let reactivated = by.members().reactivate_membership(request).await;
    reactivated.map(|_| Response::new(()))
}

/// Sets the subscription of a member.
pub async fn subscribe(
    world: &Managed<'_>,
    by: &Clients,
    subject: &str,
    active: bool,
) -> Result<Response<()>, Status> {
    let request = UpdateMembershipRequest {
        membership: Some(Membership {
            name: membership(world, subject),
            subscription_active: active,
            ..Membership::default()
        }),
        update_mask: mask("subscription_active"),
        ..UpdateMembershipRequest::default()
    };
    let updated = by.members().update_membership(request).await;
    updated.map(|_| Response::new(()))
}

/// Sets whether an organization requires subscriptions.
pub async fn demand(
    world: &Managed<'_>,
    by: &Clients,
    demanded: bool,
) -> Result<Response<()>, Status> {
    let request = UpdateOrganizationRequest {
        organization: Some(Organization {
            name: world.name(),
            subscription_required: demanded,
            ..Organization::default()
        }),
        update_mask: mask("subscription_required"),
        ..UpdateOrganizationRequest::default()
    };
    let updated = by.organizations().update_organization(request).await;
    updated.map(|_| Response::new(()))
}

#[test]
fn b7_reactivating_a_member_takes_the_right_to_grant_its_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-back").await;
        let root = rig.root();
        let role = "mandate.delegated-owner";
        let plain = world.account("plain");
        world.give(&root, &plain, role, all()).await.unwrap();
        let by = world.as_("plain").await;
        let (other, lead) = (world.account("other"), world.account("lead"));
        let ann = world.user("ann");
        for subject in [&other, &lead, &ann] {
            suspend(&world, &root, subject).await;
        }
        let owners = "OWNER_ROLE_IMMUTABLE";
        assert_refused(reactivate(&world, &by, &other).await, DENIED, owners);
        // The caller may grant access, but no management roles.
        let more = "SCOPE_EXCEEDS_GRANTOR";
        assert_refused(reactivate(&world, &by, &lead).await, DENIED, more);
        reactivate(&world, &by, &ann).await.unwrap();
        let owner = world.as_("owner").await;
        for subject in [&other, &lead] {
            reactivate(&world, &owner, subject).await.unwrap();
        }
    });
}

#[test]
fn b7_extending_an_ended_grant_takes_the_right_to_grant_it() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-ended").await;
        let (owner, lead) = (world.as_("owner").await, world.as_("lead").await);
        let ended = Grant {
            end_time: Some(Timestamp {
                seconds: 1_000_000_000,
                nanos: 0,
            }),
            ..Grant::default()
        };
        for grant in ["other", "ann-b"] {
            let end = world.update(&owner, grant, &["end_time"], ended.clone());
            end.await.unwrap();
            let again = world.update(&lead, grant, &["end_time"], Grant::default());
            assert!(again.await.is_err(), "{grant}");
            let again = world.update(&owner, grant, &["end_time"], Grant::default());
            again.await.unwrap();
        }
    });
}

#[test]
fn b7_reactivating_an_organization_takes_the_right_to_grant_its_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-whole").await;
        let root = rig.root();
        let desk = staff(rig, "b7-whole-desk", &ORGANIZATIONS).await;
        let suspend = SuspendOrganizationRequest {
            name: world.name(),
            ..SuspendOrganizationRequest::default()
        };
        let mut organizations = desk.organizations();
        organizations.suspend_organization(suspend).await.unwrap();
        let back = ReactivateOrganizationRequest {
            name: world.name(),
            ..ReactivateOrganizationRequest::default()
        };
        let refused = organizations.reactivate_organization(back.clone()).await;
        assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
        let back = root.organizations().reactivate_organization(back).await;
        back.unwrap();
        demand(&world, &desk, true).await.unwrap();
        let refused = demand(&world, &desk, false).await;
        assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
        demand(&world, &root, false).await.unwrap();
    });
}

/// Partly S2-13: no event ends a subscription, and there are no sessions.
#[test]
fn s2_13_reactivating_a_subscription_takes_the_right_to_grant_its_access() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-13").await;
        let root = rig.root();
        let desk = staff(rig, "s2-13-desk", &["mandate.members.enroll"]).await;
        let ann = world.user("ann");
        // A subscription gives nothing if none is required.
        subscribe(&world, &desk, &ann, true).await.unwrap();
        demand(&world, &root, true).await.unwrap();
        subscribe(&world, &desk, &ann, false).await.unwrap();
        let refused = subscribe(&world, &desk, &ann, true).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        subscribe(&world, &root, &ann, true).await.unwrap();
    });
}

/// Only the operator decides on the entitlements of an organization; its owner does not.
#[test]
fn s0_8_an_owner_cannot_reactivate_an_entitlement() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s0-8-back").await;
        let owner = world.as_("owner").await;
        let name = format!(
            "{}/entitlements/{}",
            world.name(),
            world.application("b").replace("applications/", "")
        );
        let suspend = SuspendEntitlementRequest {
            name: name.clone(),
            ..SuspendEntitlementRequest::default()
        };
        rig.root()
            .grants()
            .suspend_entitlement(suspend)
            .await
            .unwrap();
        let back = ReactivateEntitlementRequest {
            name,
            ..ReactivateEntitlementRequest::default()
        };
        let refused = owner.grants().reactivate_entitlement(back.clone()).await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
        let back = rig.root().grants().reactivate_entitlement(back).await;
        back.unwrap();
    });
}

#[test]
fn b7_members_cannot_reactivate_themselves() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-self").await;
        let desk = staff(
            rig,
            "b7-self-desk",
            &["mandate.members.write", "mandate.grants.write"],
        )
        .await;
        let account = "serviceAccounts/b7-self-desk".to_owned();
        let enroll = CreateMembershipRequest {
            parent: world.name(),
            membership: Some(Membership {
                subject: account.clone(),
                ..Membership::default()
            }),
            ..CreateMembershipRequest::default()
        };
        let root = rig.root();
        let enrolled = root.members().create_membership(enroll).await.unwrap();
        let mut request = world.grant(&account, "a.viewer", all());
        request.consistency_token = enrolled.into_inner().consistency_token;
        root.grants().create_grant(request).await.unwrap();
        suspend(&world, &root, &account).await;
        let own = "SELF_EDIT_FORBIDDEN";
        assert_refused(reactivate(&world, &desk, &account).await, DENIED, own);
        reactivate(&world, &root, &account).await.unwrap();
    });
}
