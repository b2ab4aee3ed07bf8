//! Nobody gives more power to manage than they have.

use api::{
    common::v1::Propagation,
    entitlement::v1::{
        BatchCreateGrantsRequest, CreateGrantRequest, Grant, Scope, UpdateGrantRequest,
    },
    identity::v1::CreateServiceAccountKeyRequest,
};
use mandate::clients::Clients;
use tests::Rig;
use tonic::Code;

use crate::{refusal::assert_refused, revoking::mask, shared::everywhere};

/// Two organizations; an owner, one who may only ask, and one whose ownership is of a unit.
const DOCUMENT: &str = "
users: [{id: $-ann, login: $.ann, given_name: Ann}]
service_accounts: [{id: $-owner}, {id: $-checker}, {id: $-part}, {id: $-other}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: mandate}]
    units: [{id: k1, display_name: North}]
    memberships:
      - {user: $-ann}
      - {service_account: $-owner, grants: [{role: mandate.owner, scope: ALL}]}
      - {service_account: $-checker, grants: [{role: mandate.checker, scope: ALL}]}
      - {service_account: $-part, grants: [{role: mandate.owner, scope: {units: [k1]}}]}
      - service_account: $-other
        grants: [{id: held, role: mandate.operator, scope: {units: [k1]}}]
  - id: $-else
    display_name: Elsewhere
    entitlements: [{application: mandate}]
    memberships: [{user: $-ann}]
";

/// Clients with a new key of a service account.
pub async fn clients(rig: &Rig, account: &str) -> Clients {
    key(rig, account).await.1
}

/// A new key of a service account, and clients with it.
pub async fn key(rig: &Rig, account: &str) -> (String, Clients) {
    let request = CreateServiceAccountKeyRequest {
        parent: format!("serviceAccounts/{account}"),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = rig.root().service_accounts();
    let key = accounts.create_service_account_key(request).await.unwrap();
    let key = key.into_inner();
    // Known everywhere only once the feed has told of it.
    let question = api::entitlement::v1::CheckRequest {
        subject: format!("serviceAccounts/{account}"),
        permission: "mandate.grants.write".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: Some(super::tokens::at_least(&key.consistency_token)),
        read_time: None,
    };
    rig.root().authorization().check(question).await.unwrap();
    let name = key.key.unwrap_or_default().name;
    (name, rig.clients(&key.secret.into()))
}

fn give(organization: &str, subject: &str, role: &str) -> CreateGrantRequest {
    CreateGrantRequest {
        parent: format!("organizations/{organization}"),
        grant: Some(Grant {
            subject: subject.to_owned(),
            role: format!("applications/mandate/roles/{role}"),
            ..Grant::default()
        }),
        ..CreateGrantRequest::default()
    }
}

#[test]
fn b2_an_owner_gives_what_it_holds_and_not_more() {
    everywhere(async |rig| {
        rig.apply(&DOCUMENT.replace('$', "b2")).await;
        let owner = clients(rig, "b2-owner").await;
        let ann = "users/b2-ann";
        for role in ["owner", "checker"] {
            let given = owner.grants().create_grant(give("b2", ann, role)).await;
            given.unwrap();
        }
        let operator = give("b2", ann, "operator");
        let refused = owner.grants().create_grant(operator).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        // Nor to itself, nor one among others.
        let own = give("b2", "serviceAccounts/b2-owner", "operator");
        let refused = owner.grants().create_grant(own.clone()).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let batch = BatchCreateGrantsRequest {
            parent: "organizations/b2".to_owned(),
            requests: vec![give("b2", ann, "checker"), own],
            ..BatchCreateGrantsRequest::default()
        };
        let refused = owner.grants().batch_create_grants(batch).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        // Nor in another organization, where it holds nothing, or where the operator is.
        for organization in ["b2-else", "operator", "nowhere"] {
            let grant = give(organization, ann, "checker");
            let refused = owner.grants().create_grant(grant).await;
            assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        }
    });
}

#[test]
fn b2_an_owner_does_not_widen_a_grant_of_more_than_it_holds() {
    everywhere(async |rig| {
        rig.apply(&DOCUMENT.replace('$', "b2-widen")).await;
        let owner = clients(rig, "b2-widen-owner").await;
        let widened = || UpdateGrantRequest {
            grant: Some(Grant {
                name: "organizations/b2-widen/grants/held".to_owned(),
                scope: Some(Scope {
                    all: true,
                    ..Scope::default()
                }),
                ..Grant::default()
            }),
            update_mask: mask("scope"),
            ..UpdateGrantRequest::default()
        };
        let refused = owner.grants().update_grant(widened()).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let updated = rig.root().grants().update_grant(widened()).await.unwrap();
        assert_eq!(updated.get_ref().propagation(), Propagation::Complete);
    });
}

#[test]
fn b2_whoever_may_only_ask_or_owns_a_part_gives_nothing() {
    everywhere(async |rig| {
        rig.apply(&DOCUMENT.replace('$', "b2-part")).await;
        for account in ["b2-part-checker", "b2-part-part", "b2-part-other"] {
            let clients = clients(rig, account).await;
            for role in ["checker", "owner", "operator"] {
                let grant = give("b2-part", "users/b2-part-ann", role);
                let refused = clients.grants().create_grant(grant).await;
                assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
            }
        }
    });
}
