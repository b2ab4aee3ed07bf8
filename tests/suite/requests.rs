//! Change requests that are created through the interface and decided on the command line.

use api::{
    entitlement::v1::{CreateGrantRequest, Grant, Scope},
    identity::v1::{CreateServiceAccountKeyRequest, CreateServiceAccountRequest, ServiceAccount},
    membership::v1::{
        ChangeRequest, ConfirmChangeRequestRequest, CreateChangeRequestRequest,
        CreateMembershipRequest, Deactivation, Membership, change_request::Kind,
    },
};
use mandate::context;
use mandate_documents::clients::Clients;
use rpc::over_tcp;
use secrecy::SecretString;
use tests::program;

use crate::cli::Dev;

const DESK: &str = "serviceAccounts/desk";

/// Returns clients of `mandate dev` with the key of its context, or with another.
fn clients(dev: &Dev, key: Option<String>) -> Clients {
    let contexts = dev.home().join(".config/mandate/contexts.json");
    let contexts = context::load(&contexts).unwrap();
    let (_, context) = contexts.choose(None).unwrap();
    let key = key.unwrap_or_else(|| std::fs::read_to_string(&context.key_file).unwrap());
    let open = |url: &str| over_tcp(url, None).unwrap();
    Clients::new(
        open(&context.identity),
        open(&context.membership),
        open(&context.entitlement),
        &SecretString::from(key.trim()),
    )
}

/// Creates an account that may create change requests everywhere. Returns its key.
async fn desk(root: &Clients) -> String {
    let request = CreateServiceAccountRequest {
        service_account_id: "desk".to_owned(),
        service_account: Some(ServiceAccount {
            display_name: "Desk".to_owned(),
            ..ServiceAccount::default()
        }),
        ..CreateServiceAccountRequest::default()
    };
    let mut accounts = root.service_accounts();
    accounts.create_service_account(request).await.unwrap();
    let request = CreateServiceAccountKeyRequest {
        parent: DESK.to_owned(),
        ..CreateServiceAccountKeyRequest::default()
    };
    let key = accounts.create_service_account_key(request).await.unwrap();
    let request = CreateMembershipRequest {
        parent: "organizations/operator".to_owned(),
        membership: Some(Membership {
            subject: DESK.to_owned(),
            ..Membership::default()
        }),
        ..CreateMembershipRequest::default()
    };
    let member = root.members().create_membership(request).await.unwrap();
    let request = CreateGrantRequest {
        parent: "organizations/operator".to_owned(),
        grant: Some(Grant {
            subject: DESK.to_owned(),
            role: "applications/mandate/roles/requester".to_owned(),
            scope: Some(Scope {
                all: true,
                ..Scope::default()
            }),
            ..Grant::default()
        }),
        consistency_token: member.into_inner().consistency_token,
        ..CreateGrantRequest::default()
    };
    root.grants().create_grant(request).await.unwrap();
    key.into_inner().secret
}

async fn ask(desk: &Clients, id: &str) {
    let organization = "organizations/transport-janssens";
    let request = CreateChangeRequestRequest {
        parent: organization.to_owned(),
        change_request_id: id.to_owned(),
        change_request: Some(ChangeRequest {
            kind: Some(Kind::Deactivate(Deactivation {
                membership: format!("{organization}/memberships/jan-peeters"),
                reason: "Left".to_owned(),
            })),
            ..ChangeRequest::default()
        }),
        ..CreateChangeRequestRequest::default()
    };
    let mut requests = desk.requests();
    requests.create_change_request(request).await.unwrap();
    let request = ConfirmChangeRequestRequest {
        name: format!("{organization}/changeRequests/{id}"),
        ..ConfirmChangeRequestRequest::default()
    };
    requests.confirm_change_request(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_listed_and_decided_by_commands() {
    let dev = Dev::start(tempfile::tempdir().unwrap());
    let key = desk(&clients(&dev, None)).await;
    let desk = clients(&dev, Some(key));
    let mandate = program().display().to_string();
    let says = |command: &str, what: &str| {
        let output = dev.type_in(&format!("{mandate} request {command}"));
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.contains(what), "{command}: {told}");
        output.status.code()
    };
    let pending = "list transport-janssens --state pending --membership jan-peeters";
    ask(&desk, "first").await;
    says(pending, "deactivate: Left");
    let reject = "reject transport-janssens first --reason";
    assert_eq!(says(&format!("{reject} ' '"), "reason"), Some(1));
    says(&format!("{reject} 'Still here'"), "REJECTED");
    ask(&desk, "second").await;
    says("approve transport-janssens second", "APPLIED");
    says(pending, "0 request(s)");
    assert_eq!(
        says("approve transport-janssens second", "WRONG_STATE"),
        Some(1)
    );
    let output = dev.type_in(&format!("{mandate} --json request list transport-janssens"));
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = &listed["requests"][0];
    assert_eq!(first["rejection_reason"], "Still here");
    assert_eq!(first["requester"], DESK);
    dev.stop();
}
