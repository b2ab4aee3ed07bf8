//! Bounds of change requests: their authors, subjects, number, and allowed state transitions.

use api::{
    entitlement::v1::{GrantChange, RevokeGrantRequest, grant_change},
    membership::v1::{
        ChangeRequest, CreateChangeRequestRequest, ListChangeRequestsRequest,
        ListMembershipsRequest, change_request::Kind,
    },
};
use tokio::task::JoinSet;
use tonic::Code;

use super::load;
use crate::{
    refusal::{assert_refused, refusal},
    shared::everywhere,
};

const DENIED: Code = Code::PermissionDenied;

#[test]
fn s4_1_a_caller_without_a_role_neither_sees_the_team_nor_creates_requests() {
    everywhere(async |rig| {
        let world = load(rig, "s4-1").await;
        let plain = world.as_("plain").await;
        let request = ListMembershipsRequest {
            parent: world.name(),
            ..ListMembershipsRequest::default()
        };
        let refused = plain.members().list_memberships(request).await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
        let refused = world
            .ask(&plain, "leave", world.leaving("ann", "Left"))
            .await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
    });
}

#[test]
fn s4_3_s4_34_a_requester_is_confined_to_its_organization() {
    everywhere(async |rig| {
        let world = load(rig, "s4-3").await;
        let (desk, root) = (world.as_("desk").await, rig.root());
        let elsewhere = "organizations/s4-3-else";
        let membership = format!("{elsewhere}/memberships/s4-3-ann");
        let about = |membership: &str| match world.leaving("ann", "Left") {
            Kind::Deactivate(mut deactivation) => {
                membership.clone_into(&mut deactivation.membership);
                Kind::Deactivate(deactivation)
            }
            other @ Kind::ChangeAccess(_) => other,
        };
        let there = CreateChangeRequestRequest {
            parent: elsewhere.to_owned(),
            ..world.draft("there", about(&membership))
        };
        let mut requests = desk.requests();
        let refused = requests.create_change_request(there.clone()).await;
        assert_refused(refused, DENIED, "PERMISSION_DENIED");
        root.requests().create_change_request(there).await.unwrap();
        for parent in [elsewhere, "organizations/s4-3-nowhere"] {
            let list = ListChangeRequestsRequest {
                parent: parent.to_owned(),
                ..ListChangeRequestsRequest::default()
            };
            let refused = requests.list_change_requests(list).await;
            assert_refused(refused, DENIED, "PERMISSION_DENIED");
            let members = ListMembershipsRequest {
                parent: parent.to_owned(),
                ..ListMembershipsRequest::default()
            };
            let refused = desk.members().list_memberships(members).await;
            assert_refused(refused, DENIED, "PERMISSION_DENIED");
        }
        // A request cannot name a member or a grant of another organization.
        let far = RevokeGrantRequest {
            name: format!("{elsewhere}/grants/far"),
            ..RevokeGrantRequest::default()
        };
        let far = world.changes("ann", grant_change::Change::Revoke(far));
        for kind in [about(&membership), far] {
            let refused = world.ask(&desk, "mixed", kind).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
        let nobody = about(&format!("{}/memberships/nobody", world.name()));
        let refused = world.ask(&desk, "nobody", nobody).await;
        assert_refused(refused, Code::NotFound, "MEMBERSHIP_NOT_FOUND");
    });
}

#[test]
fn only_the_requester_submits_and_cancels() {
    everywhere(async |rig| {
        let world = load(rig, "own-requests").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        world
            .ask(&desk, "leave", world.leaving("ann", "Left"))
            .await
            .unwrap();
        assert_refused(
            world.send(&owner, "leave", "").await,
            DENIED,
            "NOT_REQUESTER",
        );
        assert_refused(
            world.take_back(&owner, "leave").await,
            DENIED,
            "NOT_REQUESTER",
        );
        world.send(&desk, "leave", "").await.unwrap();
        assert_refused(
            world.take_back(&owner, "leave").await,
            DENIED,
            "NOT_REQUESTER",
        );
        world.take_back(&desk, "leave").await.unwrap();
    });
}

#[test]
fn s4_22_transitions_that_the_state_forbids_are_refused() {
    everywhere(async |rig| {
        let world = load(rig, "s4-22").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let verbs = async |id: &str| {
            let sent = world.send(&desk, id, "").await.err();
            let approved = world.approve(&owner, id).await.err();
            let rejected = world.reject(&owner, id, "No").await.err();
            let taken = world.take_back(&desk, id).await.err();
            [sent, approved, rejected, taken]
        };
        let wrong = (Code::FailedPrecondition, "WRONG_STATE".to_owned());
        world
            .ask(&desk, "draft", world.leaving("ann", "Left"))
            .await
            .unwrap();
        for refused in [
            world.approve(&owner, "draft").await.map(drop_answer),
            world.reject(&owner, "draft", "No").await.map(drop_answer),
        ] {
            assert_eq!(refusal(refused), wrong);
        }
        for id in ["applied", "rejected", "cancelled"] {
            world
                .pending(&desk, id, world.wish("ben", id, "a.editor"))
                .await;
            match id {
                "applied" => drop(world.approve(&owner, id).await.unwrap()),
                "rejected" => drop(world.reject(&owner, id, "No").await.unwrap()),
                _ => drop(world.take_back(&desk, id).await.unwrap()),
            }
            let before = world.request(&desk, id).await;
            for refused in verbs(id).await {
                let refused = Err::<tonic::Response<()>, _>(refused.expect(id));
                assert_eq!(refusal(refused), wrong, "{id}");
            }
            assert_eq!(world.request(&desk, id).await, before);
        }
        let refused = world.approve(&owner, "none").await;
        assert_refused(refused, Code::NotFound, "CHANGE_REQUEST_NOT_FOUND");
    });
}

fn drop_answer<T>(answer: tonic::Response<T>) -> tonic::Response<()> {
    answer.map(drop)
}

#[test]
fn a_membership_has_one_pending_request_and_few_drafts() {
    everywhere(async |rig| {
        let world = load(rig, "few-requests").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        for id in 0..16 {
            let kind = world.leaving("ann", "Left");
            world.ask(&desk, &format!("r{id}"), kind).await.unwrap();
        }
        let more = world.ask(&desk, "more", world.leaving("ann", "Left")).await;
        assert_refused(more, Code::ResourceExhausted, "TOO_MANY_CHANGE_REQUESTS");
        world.send(&desk, "r0", "").await.unwrap();
        let second = world.send(&desk, "r1", "").await;
        assert_refused(second, Code::FailedPrecondition, "CHANGE_REQUEST_PENDING");
        // A request about another member can be pending at the same time.
        world
            .pending(&desk, "other", world.leaving("ben", "Left"))
            .await;
        let blank = world.reject(&owner, "r0", "-").await;
        assert_refused(blank, Code::InvalidArgument, "REASON_REQUIRED");
        world.reject(&owner, "r0", "Stays").await.unwrap();
        world.send(&desk, "r1", "").await.unwrap();
        world
            .ask(&desk, "more", world.leaving("ann", "Left"))
            .await
            .unwrap();
    });
}

#[test]
fn concurrent_submissions_leave_one_pending_request() {
    everywhere(async |rig| {
        let world = load(rig, "sent-at-once").await;
        let desk = world.as_("desk").await;
        let mut all = JoinSet::new();
        for id in ["r0", "r1", "r2", "r3"] {
            world
                .ask(&desk, id, world.leaving("ann", "Left"))
                .await
                .unwrap();
            let (mut requests, request) = (desk.requests(), world.confirmation(id, ""));
            all.spawn(async move { requests.confirm_change_request(request).await });
        }
        let (sent, refused): (Vec<_>, Vec<_>) =
            all.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((sent.len(), refused.len()), (1, 3));
        for refused in refused {
            assert_refused(refused, Code::FailedPrecondition, "CHANGE_REQUEST_PENDING");
        }
    });
}

/// Partly S4-19: notes are neither mailed nor shown on a page.
#[test]
fn s4_19_a_note_keeps_markup_and_has_a_maximum_length() {
    everywhere(async |rig| {
        let world = load(rig, "s4-19").await;
        let desk = world.as_("desk").await;
        let noted = async |id: &str, note: &str| {
            let mut draft = world.draft(id, world.leaving("ann", "Left"));
            draft.change_request.as_mut().unwrap().note = note.to_owned();
            desk.requests().create_change_request(draft).await
        };
        let markup = "<img src=x onerror=alert(1)>";
        noted("markup", markup).await.unwrap();
        assert_eq!(world.request(&desk, "markup").await.note, markup);
        noted("long", &"é".repeat(2000)).await.unwrap();
        let refused = noted("longer", &"é".repeat(2001)).await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
    });
}

#[test]
fn the_content_of_a_request_is_validated() {
    everywhere(async |rig| {
        let world = load(rig, "sized-requests").await;
        let desk = world.as_("desk").await;
        let asked = async |kind| {
            let asked = ChangeRequest {
                kind,
                ..ChangeRequest::default()
            };
            let mut draft = world.draft("sized", world.leaving("ann", ""));
            draft.change_request = Some(asked);
            desk.requests().create_change_request(draft).await
        };
        let Kind::ChangeAccess(mut change) = world.loss("ann", "ann") else {
            panic!("not a change of access");
        };
        let few = change.changes.clone();
        change.changes = vec![few[0].clone(); 101];
        let many = Some(Kind::ChangeAccess(change.clone()));
        change.changes = vec![GrantChange { change: None }];
        let none = Some(Kind::ChangeAccess(change.clone()));
        let mut large = world.grant("", "a.viewer", world.units(&["k1"]));
        let grant = large.grant.as_mut().unwrap();
        let unit = format!("{}/units/{}", world.name(), "k".repeat(63));
        grant.scope.as_mut().unwrap().units = vec![unit; 1000];
        large.parent = String::new();
        let large = world.changes("ann", grant_change::Change::Create(large));
        change.changes = [few.clone(), few.clone()].concat();
        let twice = Some(Kind::ChangeAccess(change.clone()));
        for kind in [many, none, twice, Some(large), None] {
            assert_refused(asked(kind).await, Code::InvalidArgument, "INVALID_REQUEST");
        }
        change.changes = few;
        asked(Some(Kind::ChangeAccess(change))).await.unwrap();
    });
}
