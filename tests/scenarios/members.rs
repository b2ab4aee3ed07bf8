//! Lists of members.

use std::fmt::Write;

use api::membership::v1::{CreateMembershipRequest, ListMembershipsRequest, Membership};
use mandate_documents::clients::Clients;
use tonic::Code;

use crate::{managed::Managed, refusal::assert_refused, shared::everywhere};

/// Returns a page, and the token of the next page.
async fn page(by: &Clients, parent: &str, size: i32, token: String) -> (Vec<String>, String) {
    let request = ListMembershipsRequest {
        parent: parent.to_owned(),
        page_size: size,
        page_token: token,
        ..ListMembershipsRequest::default()
    };
    let listed = by.members().list_memberships(request).await;
    let listed = listed.unwrap().into_inner();
    let names = listed.memberships.into_iter().map(|member| member.name);
    (names.collect(), listed.next_page_token)
}

#[test]
fn s0_15_members_and_their_page_tokens_belong_to_one_organization() {
    everywhere(async |rig| {
        let (one, two) = ("s0-15-one", "s0-15-two");
        let world = Managed::load(rig, one).await;
        let other = Managed::load(rig, two).await;
        let owner = world.as_("owner").await;
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let (names, next) = page(&owner, &world.name(), 3, token).await;
            found.extend(names);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        let prefix = format!("{}/", world.name());
        assert!(found.iter().all(|name| name.starts_with(&prefix)));
        assert_eq!(found.len(), 8);
        let (_, foreign) = page(&rig.root(), &other.name(), 3, String::new()).await;
        let request = ListMembershipsRequest {
            parent: world.name(),
            page_size: 3,
            page_token: foreign,
            ..ListMembershipsRequest::default()
        };
        let refused = owner.members().list_memberships(request).await;
        assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    });
}

#[test]
fn s2_2_pages_of_members_are_complete_and_stay_so_while_one_is_added() {
    everywhere(async |rig| {
        let organization = "organizations/s2-2";
        let (mut users, mut members) = (String::new(), String::new());
        for index in 0..121 {
            let id = format!("s2-2-{index:03}");
            write!(users, "{{id: {id}, login: {id}, given_name: An}}, ").unwrap();
            if index != 60 {
                write!(members, "{{user: {id}}}, ").unwrap();
            }
        }
        rig.apply(&format!(
            "users: [{users}]\norganizations: [{{id: s2-2, display_name: Acme, memberships: [{members}]}}]"
        ))
        .await;
        let root = rig.root();
        let (mut found, mut token) = (Vec::new(), String::new());
        let mut pages = 0;
        loop {
            let (names, next) = page(&root, organization, 50, token).await;
            found.extend(names);
            pages += 1;
            token = next;
            if token.is_empty() {
                break;
            }
            if pages == 1 {
                // The new member falls into the pages still to come.
                let request = CreateMembershipRequest {
                    parent: organization.to_owned(),
                    membership: Some(Membership {
                        subject: "users/s2-2-060".to_owned(),
                        ..Membership::default()
                    }),
                    ..CreateMembershipRequest::default()
                };
                root.members().create_membership(request).await.unwrap();
            }
        }
        let expected: Vec<String> = (0..121)
            .map(|index| format!("{organization}/memberships/s2-2-{index:03}"))
            .collect();
        assert_eq!((pages, found), (3, expected));
    });
}
