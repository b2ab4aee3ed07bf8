//! S3 and S4: enterprises with several companies, and teams of resellers.

use std::collections::BTreeSet;

use api::{
    entitlement::v1::{AccessView, DecisionReason},
    identity::v1::{CreateUserRequest, GetUserRequest, UpdateUserRequest, User},
    membership::v1::{ListMembershipsRequest, Membership, MembershipView},
};
use prost_types::FieldMask;
use tests::Rig;
use tonic::Code;

use crate::{
    place::access,
    refusal::assert_refused,
    shared::{everywhere, portal_organizations},
};

#[test]
fn s3_19_a_role_for_one_company_says_nothing_about_another() {
    everywhere(async |rig| {
        let chloe = "users/chloe-dubois";
        for (permission, company, reason) in [
            ("enterprise.invoices.view", "c1", DecisionReason::Allowed),
            ("enterprise.invoices.view", "c2", DecisionReason::OutOfScope),
            ("enterprise.orders.view", "c2", DecisionReason::Allowed),
            ("enterprise.orders.view", "c3", DecisionReason::OutOfScope),
        ] {
            let place = format!("organizations/meridian-group/units/{company}");
            assert_eq!(rig.reason(chloe, permission, &place).await, reason);
        }
    });
}

fn user(login: &str, realm: &str, email: &str) -> CreateUserRequest {
    CreateUserRequest {
        user: Some(User {
            login: login.to_owned(),
            realm: realm.to_owned(),
            given_name: "Zoé".to_owned(),
            email: email.to_owned(),
            ..User::default()
        }),
        ..CreateUserRequest::default()
    }
}

#[test]
fn s4_9_a_login_is_unique_in_its_realm_immutable_and_no_address() {
    everywhere(async |rig| {
        let mut users = rig.root().users();
        let first = user("C900101", "s4-9", "zoe@example.com");
        let first = users.create_user(first).await.unwrap().into_inner();
        let first = first.user.unwrap();
        // Logins that differ only by case are equal.
        for login in ["C900101", "c900101"] {
            let again = user(login, "s4-9", "other@example.com");
            let refused = users.create_user(again).await;
            assert_refused(refused, Code::AlreadyExists, "LOGIN_TAKEN");
        }
        let elsewhere = user("C900101", "s4-9-other", "zoe@example.com");
        users.create_user(elsewhere).await.unwrap();
        let same_address = user("C900102", "s4-9", "zoe@example.com");
        users.create_user(same_address).await.unwrap();

        let mut change = async |login: &str, email: &str, path: &str| {
            let request = UpdateUserRequest {
                user: Some(User {
                    name: first.name.clone(),
                    login: login.to_owned(),
                    email: email.to_owned(),
                    ..User::default()
                }),
                update_mask: Some(FieldMask {
                    paths: vec![path.to_owned()],
                }),
                ..UpdateUserRequest::default()
            };
            users.update_user(request).await
        };
        let refused = change("C900109", "", "login").await;
        assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        change("", "new@example.com", "email").await.unwrap();
        let name = first.name.clone();
        let found = users.get_user(GetUserRequest { name }).await.unwrap();
        let found = found.into_inner().user.unwrap();
        assert_eq!(
            (&*found.login, &*found.email),
            ("C900101", "new@example.com")
        );
    });
}

async fn members(rig: &Rig, organization: &str) -> Vec<Membership> {
    let request = ListMembershipsRequest {
        parent: organization.to_owned(),
        view: MembershipView::Full.into(),
        ..ListMembershipsRequest::default()
    };
    let listed = rig.root().members().list_memberships(request).await;
    listed.unwrap().into_inner().memberships
}

#[test]
fn s4_10_a_member_is_listed_with_every_role() {
    everywhere(async |rig| {
        let members = members(rig, "organizations/menuiseries-duval").await;
        let luc = members
            .into_iter()
            .find(|member| member.subject == "users/luc-bernard");
        let details = luc.unwrap().details.unwrap();
        assert_eq!(
            details.roles,
            [
                "applications/cloud-configurator/roles/pricing",
                "applications/cloud-configurator/roles/sales",
                "applications/cloud-orders/roles/consultation",
            ]
        );
        assert_eq!(
            (&*details.login, &*details.email, &*details.display_name),
            ("C100102", "luc.bernard@example.com", "Luc Bernard")
        );
    });
}

#[test]
fn s4_11_members_are_listed_with_what_they_can_reach() {
    everywhere(async |rig| {
        let mut compared = 0;
        for organization in portal_organizations() {
            for member in members(rig, &organization).await {
                let mut reached = access(
                    &rig.root(),
                    &organization,
                    &member.subject,
                    AccessView::Full,
                    0,
                )
                .await;
                // Externally managed applications are listed whether or not the member has access.
                reached.retain(|found| !found.permissions.is_empty());
                let details = member.details.unwrap_or_default();
                let applications: Vec<_> =
                    reached.iter().map(|found| &*found.application).collect();
                let roles: BTreeSet<&String> =
                    reached.iter().flat_map(|found| &found.roles).collect();
                assert_eq!(details.applications, applications, "{}", member.name);
                assert_eq!(details.roles.iter().collect::<BTreeSet<_>>(), roles);
                compared += 1;
            }
        }
        assert!(compared > 50, "{compared}");
    });
}
