//! The approver makes the change: changes that the approver could not make directly are not made.

use api::{
    common::v1::{AuditOutcome, Propagation},
    entitlement::v1::GetGrantRequest,
    membership::v1::{
        ApproveChangeRequestRequest, ChangeRequestState, MembershipState, change_request::Kind,
    },
};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::load;
use crate::{managed::all, refusal::assert_refused, shared::everywhere};

const DENIED: Code = Code::PermissionDenied;

/// Partly S4-2: an owner of the organization may approve, too.
#[test]
fn s4_2_requesters_cannot_approve_their_own_requests() {
    everywhere(async |rig| {
        let world = load(rig, "s4-2").await;
        let (owner, other) = (world.as_("owner").await, world.as_("other").await);
        world
            .pending(&owner, "own", world.wish("ben", "own", "a.editor"))
            .await;
        // Another key identifies the same person.
        for owner in [&owner, &world.as_("owner").await] {
            let refused = world.approve(owner, "own").await;
            assert_refused(refused, DENIED, "SELF_APPROVAL_FORBIDDEN");
        }
        assert_eq!(world.held(&owner, "ben").await, [""; 0]);
        let desk = world.as_("desk").await;
        assert_refused(
            world.approve(&desk, "own").await,
            DENIED,
            "PERMISSION_DENIED",
        );
        let approved = world.approve(&other, "own").await.unwrap().into_inner();
        assert_eq!(approved.propagation(), Propagation::Complete);
        let request = approved.change_request.unwrap();
        assert_eq!(request.state(), ChangeRequestState::Applied);
        assert_eq!(world.held(&owner, "ben").await, ["own"]);
    });
}

#[test]
fn s4_4_a_requester_is_directed_to_a_change_request_that_a_granter_approves() {
    everywhere(async |rig| {
        let world = load(rig, "s4-4").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let ben = world.user("ben");
        let status = world
            .give(&desk, &ben, "a.editor", all())
            .await
            .unwrap_err();
        let help = status.get_details_help().unwrap();
        assert!(help.links[0].description.contains("CreateChangeRequest"));
        assert_refused(
            Err::<tonic::Response<()>, _>(status),
            DENIED,
            "REQUEST_ONLY",
        );
        assert_refused(world.revoke(&desk, "ann").await, DENIED, "REQUEST_ONLY");

        world
            .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
            .await;
        world.approve(&owner, "wished").await.unwrap();
        let request = GetGrantRequest {
            name: world.grant_name("wished"),
        };
        let grant = owner
            .grants()
            .get_grant(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(grant.grant.unwrap().granted_by, world.account("owner"));
        // The audit log records a change of grants by the approver.
        let entries = world.recorded(&owner).await;
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        assert_eq!(entry.outcome(), AuditOutcome::Done);
        assert_eq!(entry.actor, world.account("owner"));
        assert_eq!(
            entry.through, "membership",
            "the service that called for the approver"
        );
        assert_eq!(entry.grant, world.grant_name("owner"));
        assert_eq!(entry.request_id, world.request_name("wished"));
        assert_eq!(entry.resources, [world.grant_name("wished")]);
    });
}

/// B2, B9: a request never grants more than its approver could grant, and a capable approver can
/// still approve it.
#[test]
fn b2_b9_a_request_grants_no_more_than_its_approver_could() {
    everywhere(async |rig| {
        let world = load(rig, "asked-beyond").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let deputy = world.as_("deputy").await;
        let about = |account: &str, mut kind| {
            if let Kind::ChangeAccess(change) = &mut kind {
                let id = world.account(account).replace("serviceAccounts/", "");
                change.membership = format!("{}/memberships/{id}", world.name());
            }
            kind
        };
        for (id, kind, code, reason) in [
            // The grant exceeds the rights of a delegated owner.
            (
                "more",
                world.wish("ben", "more", "mandate.checker"),
                DENIED,
                "SCOPE_EXCEEDS_GRANTOR",
            ),
            // The access of the approver, and that of an owner.
            (
                "own",
                about("deputy", world.wish("ben", "own", "a.viewer")),
                DENIED,
                "SELF_EDIT_FORBIDDEN",
            ),
            (
                "owners",
                about("other", world.loss("ben", "other")),
                DENIED,
                "OWNER_ROLE_IMMUTABLE",
            ),
            // An application that the organization lacks, and a violation of separation of duties.
            (
                "missing",
                world.wish("ben", "missing", "c.viewer"),
                Code::FailedPrecondition,
                "APPLICATION_NOT_ENTITLED",
            ),
            (
                "apart",
                about("plain", world.wish("ben", "apart", "a.auditor")),
                Code::FailedPrecondition,
                "SOD_VIOLATION",
            ),
            // A grant that does not exist, and one of another member.
            (
                "gone",
                world.loss("ben", "gone"),
                Code::NotFound,
                "GRANT_NOT_FOUND",
            ),
            (
                "others",
                world.loss("ben", "ann"),
                Code::NotFound,
                "GRANT_NOT_FOUND",
            ),
        ] {
            world.pending(&desk, id, kind).await;
            assert_refused(world.approve(&deputy, id).await, code, reason);
            let request = world.request(&desk, id).await;
            assert_eq!(
                (request.state(), request.decider.as_str()),
                (ChangeRequestState::Pending, "")
            );
            if id != "more" {
                world.reject(&deputy, id, "No").await.unwrap();
                continue;
            }
            world.approve(&owner, id).await.unwrap();
            assert_eq!(world.held(&owner, "ben").await, ["more"]);
        }
        assert_eq!(world.held(&owner, "ann").await, ["ann", "ann-b"]);
    });
}

#[test]
fn b9_an_approver_without_management_rights_can_approve_nothing() {
    everywhere(async |rig| {
        let world = load(rig, "judged").await;
        let (desk, judge) = (world.as_("desk").await, world.as_("judge").await);
        world
            .pending(&desk, "leave", world.leaving("ann", "Left"))
            .await;
        world
            .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
            .await;
        let refused = world.approve(&judge, "leave").await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
        let refused = world.approve(&judge, "wished").await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        let ann = world.member(&rig.root(), "ann").await;
        assert_eq!(ann.state(), MembershipState::Active);
        assert_eq!(world.held(&rig.root(), "ben").await, [""; 0]);
        for id in ["leave", "wished"] {
            world.reject(&judge, id, "Not mine to give").await.unwrap();
        }
    });
}

#[test]
fn s4_35_a_request_cannot_remove_a_required_holder() {
    everywhere(async |rig| {
        let world = load(rig, "s4-35-asked").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        for member in ["admin", "owner"] {
            let leaving = world.leaving(member, "Left");
            world.pending(&desk, member, leaving).await;
        }
        let refused = world.approve(&owner, "admin").await;
        let reason = "LAST_APPLICATION_ADMIN";
        assert_refused(refused, Code::FailedPrecondition, reason);
        let refused = world.approve(&owner, "owner").await;
        assert_refused(refused, DENIED, "SELF_EDIT_FORBIDDEN");
        let deputy = world.as_("deputy").await;
        let refused = world.approve(&deputy, "owner").await;
        assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
        for id in ["admin", "owner"] {
            assert_eq!(world.state(&desk, id).await, ChangeRequestState::Pending);
        }
        let other = world.as_("other").await;
        world.approve(&other, "owner").await.unwrap();
        let owner = world.member(&other, "owner").await;
        assert_eq!(owner.state(), MembershipState::Suspended);
    });
}

#[test]
fn a_dry_run_of_an_approval_checks_and_changes_nothing() {
    everywhere(async |rig| {
        let world = load(rig, "tried-approval").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        world
            .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
            .await;
        let tried = ApproveChangeRequestRequest {
            validate_only: true,
            ..world.approval("wished")
        };
        owner
            .requests()
            .approve_change_request(tried.clone())
            .await
            .unwrap();
        assert_eq!(
            world.state(&desk, "wished").await,
            ChangeRequestState::Pending
        );
        assert_eq!(world.held(&owner, "ben").await, [""; 0]);
        let ben = world.user("ben");
        let given = world.give(&owner, &ben, "a.auditor", all()).await;
        given.unwrap();
        let refused = owner.requests().approve_change_request(tried).await;
        assert_refused(refused, Code::FailedPrecondition, "SOD_VIOLATION");
    });
}

#[test]
fn s4_20_concurrent_approvals_make_one_change() {
    everywhere(async |rig| {
        let world = load(rig, "approved-at-once").await;
        let desk = world.as_("desk").await;
        let owners = [world.as_("owner").await, world.as_("other").await];
        world
            .pending(&desk, "wished", world.wish("ben", "wished", "a.editor"))
            .await;
        let mut all = JoinSet::new();
        for owner in owners.iter().cycle().take(6) {
            let (mut requests, request) = (owner.requests(), world.approval("wished"));
            all.spawn(async move { requests.approve_change_request(request).await });
        }
        let answers = all.join_all().await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(done, 1, "{answers:?}");
        assert_eq!(
            world.state(&desk, "wished").await,
            ChangeRequestState::Applied
        );
        assert_eq!(world.held(&desk, "ben").await, ["wished"]);
    });
}
