//! Accounts of the operator with a few permissions.

use api::{
    entitlement::v1::{CreateCustomRoleRequest, CreateGrantRequest, CustomRole, Grant},
    identity::v1::{CreateServiceAccountRequest, ServiceAccount},
    membership::v1::{CreateMembershipRequest, Membership},
};
use mandate_documents::clients::Clients;
use tests::Rig;

use crate::managed::{all, clients};

/// Creates an account of the operator that holds and may delegate these permissions in every
/// organization. Returns its clients.
pub async fn staff(rig: &Rig, id: &str, permissions: &[&str]) -> Clients {
    let root = rig.root();
    let parent = "organizations/operator".to_owned();
    let account = CreateServiceAccountRequest {
        service_account: Some(ServiceAccount::default()),
        service_account_id: id.to_owned(),
        ..CreateServiceAccountRequest::default()
    };
    let mut accounts = root.service_accounts();
    accounts.create_service_account(account).await.unwrap();
    let subject = format!("serviceAccounts/{id}");
    let enroll = CreateMembershipRequest {
        parent: parent.clone(),
        membership: Some(Membership {
            subject: subject.clone(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let enrolled = root.members().create_membership(enroll).await.unwrap();
    let role = CreateCustomRoleRequest {
        parent: parent.clone(),
        custom_role: Some(CustomRole {
            application: "applications/mandate".to_owned(),
            display_name: id.to_owned(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
            ..CustomRole::default()
        }),
        custom_role_id: id.to_owned(),
        ..CreateCustomRoleRequest::default()
    };
    let role = root.custom_roles().create_custom_role(role).await.unwrap();
    let grant = CreateGrantRequest {
        parent,
        grant: Some(Grant {
            subject,
            role: role.into_inner().custom_role.unwrap().name,
            scope: all(),
            can_delegate: true,
            ..Grant::default()
        }),
        grant_id: id.to_owned(),
        consistency_token: enrolled.into_inner().consistency_token,
        ..CreateGrantRequest::default()
    };
    root.grants().create_grant(grant).await.unwrap();
    clients(rig, id).await
}
