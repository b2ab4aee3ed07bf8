//! A request has no effect until it is approved.

use api::{
    common::v1::Propagation,
    entitlement::v1::DecisionReason,
    membership::v1::{
        ChangeRequestState, CreateMembershipRequest, DeleteMembershipRequest,
        ListChangeRequestsRequest, ListMembershipsRequest, Membership, MembershipState,
        MembershipView,
    },
};
use mandate_documents::clients::Clients;
use tokio::task::JoinSet;
use tonic::Code;

use super::load;
use crate::{managed::Managed, refusal::assert_refused, shared::everywhere};

async fn table(world: &Managed<'_>, by: &Clients) -> Vec<Membership> {
    let request = ListMembershipsRequest {
        parent: world.name(),
        view: MembershipView::Full.into(),
        ..ListMembershipsRequest::default()
    };
    let found = by.members().list_memberships(request).await;
    found.unwrap().into_inner().memberships
}

/// Partly S4-30: there is no urgent request.
#[test]
fn s4_26_s4_28_s4_30_a_member_is_deactivated_upon_approval() {
    everywhere(async |rig| {
        let world = load(rig, "s4-30").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let place = format!("{}/units/k1", world.name());
        let ann = async || {
            let user = world.user("ann");
            let reason = rig.reason(&user, "s4-30-a.m.view", &place).await;
            (world.member(&owner, "ann").await.state(), reason)
        };
        let active = (MembershipState::Active, DecisionReason::Allowed);
        world
            .ask(&desk, "leave", world.leaving("ann", ""))
            .await
            .unwrap();
        assert_eq!(world.state(&desk, "leave").await, ChangeRequestState::Draft);
        assert_eq!(ann().await, active);
        for (blank, reason) in [
            ("", "REASON_REQUIRED"),
            ("--", "REASON_REQUIRED"),
            // Blank text is not a valid reason.
            ("  ", "INVALID_REQUEST"),
            ("\u{2003}", "INVALID_REQUEST"),
        ] {
            let refused = world.send(&desk, "leave", blank).await;
            assert_refused(refused, Code::InvalidArgument, reason);
        }
        let sent = world
            .send(&desk, "leave", "Left the company")
            .await
            .unwrap();
        let sent = sent.into_inner().change_request.unwrap();
        assert_eq!(sent.state(), ChangeRequestState::Pending);
        assert_eq!(sent.requester, world.account("desk"));
        assert_eq!(sent.subject, world.user("ann"));
        assert_eq!(ann().await, active);

        let approved = world.approve(&owner, "leave").await.unwrap().into_inner();
        assert_eq!(approved.propagation(), Propagation::Complete);
        assert!(!approved.consistency_token.is_empty());
        let request = approved.change_request.unwrap();
        assert_eq!(request.state(), ChangeRequestState::Applied);
        assert_eq!(request.decider, world.account("owner"));
        let suspended = DecisionReason::MembershipNotActive;
        assert_eq!(ann().await, (MembershipState::Suspended, suspended));
    });
}

#[test]
fn s4_12_a_request_changes_no_column_before_it_is_applied() {
    everywhere(async |rig| {
        let world = load(rig, "s4-12").await;
        let (desk, owner) = (world.as_("desk").await, world.as_("owner").await);
        let before = table(&world, &owner).await;
        let wish = || world.wish("ben", "wished", "a.editor");
        for (id, ends) in [
            ("one", "rejected"),
            ("two", "cancelled"),
            ("three", "applied"),
        ] {
            world.ask(&desk, id, wish()).await.unwrap();
            // A draft is not pending.
            assert_eq!(table(&world, &owner).await, before);
            world.send(&desk, id, "").await.unwrap();
            let pending = world.request_name(id);
            assert_eq!(world.member(&owner, "ben").await.pending_request, pending);
            let mut shown = table(&world, &owner).await;
            for member in &mut shown {
                let named = std::mem::take(&mut member.pending_request);
                let is_ben = member.name == world.membership("ben");
                assert_eq!(named, if is_ben { pending.as_str() } else { "" });
            }
            assert_eq!(shown, before, "{ends}");
            match ends {
                "rejected" => drop(world.reject(&owner, id, "Not now").await.unwrap()),
                "cancelled" => drop(world.take_back(&desk, id).await.unwrap()),
                _ => drop(world.approve(&owner, id).await.unwrap()),
            }
            assert_eq!(world.member(&owner, "ben").await.pending_request, "");
        }
        assert_ne!(table(&world, &owner).await, before);
        assert_eq!(world.held(&owner, "ben").await, ["wished"]);
    });
}

#[test]
fn s4_20_repeated_creation_under_one_id_makes_one_request() {
    everywhere(async |rig| {
        let world = load(rig, "s4-20").await;
        let desk = world.as_("desk").await;
        let mut draft = world.draft("", world.leaving("ann", "Left"));
        draft.request_id = "double-click".to_owned();
        let mut all = JoinSet::new();
        for _ in 0..4 {
            let (mut requests, draft) = (desk.requests(), draft.clone());
            all.spawn(async move { requests.create_change_request(draft).await.unwrap() });
        }
        let made = all.join_all().await.into_iter();
        let mut made: Vec<_> = made.map(|made| made.into_inner().change_request).collect();
        made.dedup();
        assert_eq!(made.len(), 1);
        let request = ListChangeRequestsRequest {
            parent: world.name(),
            ..ListChangeRequestsRequest::default()
        };
        let found = desk.requests().list_change_requests(request).await.unwrap();
        assert_eq!(found.into_inner().change_requests.len(), 1);
    });
}

#[test]
fn requests_are_listed_by_membership_and_state() {
    everywhere(async |rig| {
        let world = load(rig, "listed-requests").await;
        let desk = world.as_("desk").await;
        world
            .pending(&desk, "a1", world.leaving("ann", "Left"))
            .await;
        world
            .ask(&desk, "a2", world.leaving("ann", ""))
            .await
            .unwrap();
        world
            .pending(&desk, "b1", world.leaving("ben", "Left"))
            .await;
        let (pending, draft) = (ChangeRequestState::Pending, ChangeRequestState::Draft);
        let every = ChangeRequestState::Unspecified;
        for (member, state, expected) in [
            ("", every, &["a1", "a2", "b1"][..]),
            ("ann", every, &["a1", "a2"]),
            ("", pending, &["a1", "b1"]),
            ("ann", pending, &["a1"]),
            ("ben", draft, &[]),
        ] {
            let mut found = Vec::new();
            let mut request = ListChangeRequestsRequest {
                parent: world.name(),
                page_size: 1,
                state: state.into(),
                ..ListChangeRequestsRequest::default()
            };
            if !member.is_empty() {
                request.membership = world.membership(member);
            }
            loop {
                let page = desk.requests().list_change_requests(request.clone()).await;
                let page = page.unwrap().into_inner();
                found.extend(page.change_requests.into_iter().map(|request| request.name));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            let expected: Vec<String> = expected.iter().map(|id| world.request_name(id)).collect();
            assert_eq!(found, expected, "{member} {state:?}");
        }
    });
}

#[test]
fn s0_27_undecided_requests_end_with_the_membership() {
    everywhere(async |rig| {
        let world = load(rig, "ended-requests").await;
        let (root, desk) = (rig.root(), world.as_("desk").await);
        world
            .ask(&desk, "draft", world.leaving("ann", ""))
            .await
            .unwrap();
        world
            .pending(&desk, "sent", world.leaving("ann", "Left"))
            .await;
        let request = DeleteMembershipRequest {
            name: world.membership("ann"),
            ..DeleteMembershipRequest::default()
        };
        root.members().delete_membership(request).await.unwrap();
        for id in ["draft", "sent"] {
            assert_eq!(world.state(&desk, id).await, ChangeRequestState::Cancelled);
        }
        // A new membership under the same name belongs to another subject.
        let request = CreateMembershipRequest {
            parent: world.name(),
            membership_id: world
                .membership("ann")
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned(),
            membership: Some(Membership {
                subject: world.account("stranger"),
                ..Membership::default()
            }),
            ..CreateMembershipRequest::default()
        };
        let begun = root.members().create_membership(request).await.unwrap();
        let begun = begun.into_inner().membership.unwrap();
        assert_eq!(begun.pending_request, "");
        let refused = world.approve(&root, "sent").await;
        assert_refused(refused, Code::FailedPrecondition, "WRONG_STATE");
    });
}
