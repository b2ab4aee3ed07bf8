//! A manager of one application, or of one part of an organization, cannot see the rest by any
//! method.

use api::{
    entitlement::v1::{
        CreateGrantRequest, Grant, GrantChange, ListGrantsRequest, PreviewRequest, grant_change,
    },
    membership::v1::{
        AccessChange, ChangeRequest, CreateChangeRequestRequest, GetChangeRequestRequest,
        ListChangeRequestsRequest, ListMembershipsRequest, MembershipView, change_request::Kind,
    },
};
use mandate_documents::clients::Clients;
use tonic::Code;

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    shared::everywhere,
};

/// Returns the roles and applications of `ann` that a caller sees in the list of members.
async fn details(world: &Managed<'_>, by: &Clients) -> (Vec<String>, Vec<String>) {
    let request = ListMembershipsRequest {
        parent: world.name(),
        view: MembershipView::Full.into(),
        ..ListMembershipsRequest::default()
    };
    let listed = by.members().list_memberships(request).await.unwrap();
    let mut members = listed.into_inner().memberships.into_iter();
    let ann = members.find(|member| member.subject == world.user("ann"));
    let details = ann.unwrap().details.unwrap();
    (details.roles, details.applications)
}

/// `ann` holds a role of `a` in `k1`, and one of `b`.
#[test]
fn s0_13_an_application_admin_sees_no_roles_of_other_applications() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "hidden-members").await;
        let (a, b) = (world.role("a.viewer"), world.role("b.viewer"));
        let (of_a, of_b) = (world.application("a"), world.application("b"));
        for (account, roles, applications) in [
            ("owner", vec![a.clone(), b], vec![of_a.clone(), of_b]),
            ("admin", vec![a], vec![of_a]),
        ] {
            let by = world.as_(account).await;
            assert_eq!(
                details(&world, &by).await,
                (roles, applications),
                "{account}"
            );
        }
    });
}

fn create(grant: Grant, id: &str) -> GrantChange {
    let create = CreateGrantRequest {
        grant: Some(grant),
        grant_id: id.to_owned(),
        ..CreateGrantRequest::default()
    };
    GrantChange {
        change: Some(grant_change::Change::Create(create)),
    }
}

/// A manager of a part sees the effect of a change on the visible access only.
#[test]
fn k_v_a_preview_hides_grants_beyond_the_callers_scope() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "hidden-preview").await;
        let (root, part) = (rig.root(), world.as_("part").await);
        let ben = world.user("ben");
        let elsewhere = world.give(&root, &ben, "a.viewer", world.units(&["k2"]));
        elsewhere.await.unwrap();
        let preview = async |by: &Clients| {
            let grant = Grant {
                subject: ben.clone(),
                role: world.role("a.viewer"),
                scope: world.units(&["k1"]),
                ..Grant::default()
            };
            let request = PreviewRequest {
                parent: world.name(),
                changes: vec![create(grant, "")],
                ..PreviewRequest::default()
            };
            let answer = by.authorization().preview(request).await;
            format!("{:?}", answer.unwrap().into_inner())
        };
        let elsewhere = format!("{}/units/k2", world.name());
        assert!(preview(&root).await.contains(&elsewhere));
        let told = preview(&part).await;
        assert!(
            told.contains("units/k1") && !told.contains(&elsewhere),
            "{told}"
        );
    });
}

#[test]
fn k_v_the_id_of_a_hidden_grant_is_refused_as_beyond_the_callers_scope() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "hidden-id").await;
        let give = async |by: &Clients, id: &str| {
            let request = CreateGrantRequest {
                parent: world.name(),
                grant: Some(Grant {
                    subject: world.user("ben"),
                    role: world.role("a.viewer"),
                    scope: all(),
                    ..Grant::default()
                }),
                grant_id: id.to_owned(),
                ..CreateGrantRequest::default()
            };
            by.grants().create_grant(request).await
        };
        let admin = world.as_("admin").await;
        // `ann-b` belongs to another application, `ann` to the caller's.
        for (by, id, code, reason) in [
            (&rig.root(), "ann-b", Code::AlreadyExists, "GRANT_EXISTS"),
            (&admin, "ann", Code::AlreadyExists, "GRANT_EXISTS"),
            (
                &admin,
                "ann-b",
                Code::PermissionDenied,
                "SCOPE_EXCEEDS_GRANTOR",
            ),
        ] {
            let refused = give(by, id).await;
            if reason == "SCOPE_EXCEEDS_GRANTOR" {
                let status = refused.as_ref().unwrap_err();
                let shown = format!("{status:?}");
                assert!(!shown.contains("ann-b"), "{shown}");
            }
            assert_refused(refused, code, reason);
        }
    });
}

/// Hidden grants leave no gaps in pages.
#[test]
fn c8_pages_of_grants_do_not_reveal_the_number_of_hidden_ones() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "hidden-pages").await;
        let admin = world.as_("admin").await;
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListGrantsRequest {
                parent: world.name(),
                page_size: 1,
                page_token: token,
                ..ListGrantsRequest::default()
            };
            let page = admin.grants().list_grants(request).await.unwrap();
            let page = page.into_inner();
            assert_eq!(page.grants.len(), 1);
            seen.extend(page.grants.into_iter().map(|grant| grant.name));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let expected = ["admin", "ann", "plain"].map(|id| world.grant_name(id));
        assert_eq!(seen, expected);
    });
}

#[test]
fn k_v_requests_about_hidden_grants_are_hidden() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "hidden-requests").await;
        let (owner, admin) = (world.as_("owner").await, world.as_("admin").await);
        let membership = format!("{}/memberships/{}", world.name(), {
            world.user("ben").replace("users/", "")
        });
        let ask = async |by: &Clients, id: &str, role: &str| {
            let grant = Grant {
                role: world.role(role),
                scope: all(),
                ..Grant::default()
            };
            let request = CreateChangeRequestRequest {
                parent: world.name(),
                change_request: Some(ChangeRequest {
                    kind: Some(Kind::ChangeAccess(AccessChange {
                        membership: membership.clone(),
                        changes: vec![create(grant, "")],
                    })),
                    ..ChangeRequest::default()
                }),
                change_request_id: id.to_owned(),
                ..CreateChangeRequestRequest::default()
            };
            by.requests().create_change_request(request).await.unwrap();
        };
        ask(&owner, "of-owner", "b.viewer").await;
        ask(&admin, "of-admin", "a.viewer").await;
        let name = |id: &str| format!("{}/changeRequests/{id}", world.name());
        let own = vec![name("of-admin")];
        for (by, expected) in [
            (&owner, vec![name("of-admin"), name("of-owner")]),
            (&admin, own),
        ] {
            let request = ListChangeRequestsRequest {
                parent: world.name(),
                ..ListChangeRequestsRequest::default()
            };
            let listed = by.requests().list_change_requests(request).await.unwrap();
            let listed = listed.into_inner().change_requests.into_iter();
            let listed: Vec<String> = listed.map(|request| request.name).collect();
            assert_eq!(listed, expected);
        }
        let get = async |id: &str| {
            let request = GetChangeRequestRequest { name: name(id) };
            admin.requests().get_change_request(request).await
        };
        get("of-admin").await.unwrap();
        for id in ["of-owner", "of-nobody"] {
            assert_refused(get(id).await, Code::NotFound, "CHANGE_REQUEST_NOT_FOUND");
        }
    });
}
