//! Rules for ending memberships, and for members who must stay.

use std::time::Duration;

use api::{
    entitlement::v1::{ReleaseMemberRequest, peer_service_client::PeerServiceClient},
    membership::v1::{
        DeleteMembershipRequest, DeleteMembershipResponse, SuspendMembershipRequest,
        SuspendMembershipResponse,
    },
};
use mandate_documents::clients::Clients;
use tests::{Rig, Setting};
use tonic::{Code, Response, Status};
use types::UnixTime;

use crate::{
    managed::{Managed, all},
    refusal::{assert_refused, refusal},
    shared::{everywhere, run},
};

const DENIED: Code = Code::PermissionDenied;

fn membership(world: &Managed<'_>, subject: &str) -> String {
    let (_, id) = subject.split_once('/').unwrap();
    format!("{}/memberships/{id}", world.name())
}

async fn delete(
    world: &Managed<'_>,
    by: &Clients,
    subject: &str,
) -> Result<Response<DeleteMembershipResponse>, Status> {
    let request = DeleteMembershipRequest {
        name: membership(world, subject),
        ..DeleteMembershipRequest::default()
    };
    by.members().delete_membership(request).await
}

async fn suspend(
    world: &Managed<'_>,
    by: &Clients,
    subject: &str,
) -> Result<Response<SuspendMembershipResponse>, Status> {
    let request = SuspendMembershipRequest {
        name: membership(world, subject),
        ..SuspendMembershipRequest::default()
    };
    by.members().suspend_membership(request).await
}

/// Asserts that both suspending and deleting a membership are refused, with the same reason.
async fn assert_stays(
    world: &Managed<'_>,
    by: &Clients,
    subject: &str,
    (code, reason): (Code, &str),
) {
    assert_refused(suspend(world, by, subject).await, code, reason);
    assert_refused(delete(world, by, subject).await, code, reason);
}

#[test]
fn s1_36_the_last_owner_stays() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s1-36").await;
        let root = rig.root();
        let (owner, other) = (world.account("owner"), world.account("other"));
        suspend(&world, &root, &other).await.unwrap();
        let last = (Code::FailedPrecondition, "LAST_OWNER");
        assert_stays(&world, &root, &owner, last).await;
        let tried = SuspendMembershipRequest {
            name: membership(&world, &owner),
            validate_only: true,
            ..SuspendMembershipRequest::default()
        };
        let tried = root.members().suspend_membership(tried).await;
        assert_refused(tried, last.0, last.1);
        let ann = world.user("ann");
        world
            .give(&root, &ann, "mandate.owner", None)
            .await
            .unwrap();
        delete(&world, &root, &owner).await.unwrap();
        assert_stays(&world, &root, &ann, last).await;
    });
}

#[test]
fn s4_35_the_last_application_admin_stays() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s4-35").await;
        let owner = world.as_("owner").await;
        let admin = world.account("admin");
        let last = (Code::FailedPrecondition, "LAST_APPLICATION_ADMIN");
        assert_stays(&world, &owner, &admin, last).await;
        let role = "mandate.application-admin";
        let scope = world.managing(&["a", "b"]);
        let ben = world.user("ben");
        world.give(&owner, &ben, role, scope).await.unwrap();
        delete(&world, &owner, &admin).await.unwrap();
    });
}

#[test]
fn s2_32_s4_35_members_cannot_end_their_own_membership() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-32").await;
        let owner = world.as_("owner").await;
        let own = (DENIED, "SELF_EDIT_FORBIDDEN");
        assert_stays(&world, &owner, &world.account("owner"), own).await;
        delete(&world, &owner, &world.user("ann")).await.unwrap();
        suspend(&world, &owner, &world.account("lead"))
            .await
            .unwrap();
    });
}

#[test]
fn b7_a_manager_can_be_removed_only_by_a_superior() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7").await;
        let role = "mandate.delegated-owner";
        let plain = world.account("plain");
        world.give(&rig.root(), &plain, role, all()).await.unwrap();
        let plain = world.as_("plain").await;
        let owners = (DENIED, "OWNER_ROLE_IMMUTABLE");
        assert_stays(&world, &plain, &world.account("owner"), owners).await;
        // The caller may not delegate the managers' roles, and so may not remove the managers.
        let above = (DENIED, "NOT_APPLICATION_ADMIN");
        for manager in ["lead", "part", "admin"] {
            assert_stays(&world, &plain, &world.account(manager), above).await;
        }
        suspend(&world, &plain, &world.user("ann")).await.unwrap();
    });
}

#[test]
fn i1_owners_who_remove_each_other_leave_one() {
    everywhere(async |rig| {
        for round in ["i1-a", "i1-b", "i1-c"] {
            let world = Managed::load(rig, round).await;
            let (one, two) = (world.account("owner"), world.account("other"));
            let (by_one, by_two) = (world.as_("owner").await, world.as_("other").await);
            let (first, second) = tokio::join!(
                suspend(&world, &by_one, &two),
                delete(&world, &by_two, &one)
            );
            assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
            let (left, by, (_, reason)) = match first {
                Ok(_) => (one, by_one, refusal(second)),
                Err(status) => (two, by_two, refusal::<()>(Err(status))),
            };
            // The permission check may already refuse the slower caller, who is no longer a member.
            let told = ["LAST_OWNER", "OWNER_ROLE_IMMUTABLE", "PERMISSION_DENIED"];
            assert!(told.contains(&&*reason), "{reason}");
            let last = (Code::FailedPrecondition, "LAST_OWNER");
            assert_stays(&world, &rig.root(), &left, last).await;
            let ben = world.user("ben");
            world.give(&by, &ben, "a.viewer", all()).await.unwrap();
        }
    });
}

/// Between the answer of entitlement and the commit of membership, a leaving owner does not count.
/// If the commit never comes, the owner counts again.
#[test]
fn i1_an_owner_who_is_about_to_leave_does_not_count() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, UnixTime(1_767_225_600_000)).await;
            let world = Managed::load(&rig, "i1-held").await;
            let [_, _, entitlement] = rig.channels_as(api::Peer::Membership);
            let mut peer = PeerServiceClient::new(entitlement);
            let release = ReleaseMemberRequest {
                caller: "serviceAccounts/root".to_owned(),
                subject: world.account("other"),
                organization: world.name(),
                ..ReleaseMemberRequest::default()
            };
            peer.release_member(release).await.unwrap();
            let last = world.revoke(&rig.root(), "owner").await;
            assert_refused(last, Code::FailedPrecondition, "LAST_OWNER");
            let root = rig.root();
            let last = (Code::FailedPrecondition, "LAST_OWNER");
            assert_stays(&world, &root, &world.account("owner"), last).await;
            let clock = rig.clock.as_ref().unwrap();
            clock.advance(Duration::from_secs(61));
            // No owner counts until the feeds have been received again.
            let revoked = loop {
                match world.revoke(&root, "owner").await {
                    Err(status) if status.code() == Code::Unavailable => {}
                    answer => break answer,
                }
            };
            revoked.unwrap();
        }
    });
}
