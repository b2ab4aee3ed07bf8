//! The audit log: entries for changes, refusals and reads, and the readers who may see them.

use std::fs;

use api::{
    common::v1::{AuditEntry, AuditFilter, AuditOutcome, AuditRecord},
    entitlement::v1::{
        CreateGrantRequest, ExportAuditRecordsRequest, Grant, ListAuditEntriesRequest,
        ListGrantsRequest, RevokeGrantRequest,
    },
    identity::v1 as identity,
    membership::v1::{self as membership, SuspendMembershipRequest},
};
use mandate_documents::clients::Clients;
use prost::Message;
use tests::Rig;
use tonic::Code;

use crate::{managed::clients, refusal::assert_refused, shared::everywhere};

/// An organization with an owner and an account that may only send checks, and an owner of another
/// organization.
const DOCUMENT: &str = "
users: [{id: $-ann, login: $.ann, given_name: Ann}]
service_accounts: [{id: $-owner}, {id: $-checker}, {id: $-stranger}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: mandate}]
    memberships:
      - {user: $-ann}
      - service_account: $-owner
        grants: [{id: owned, role: mandate.owner, scope: ALL, can_delegate: true}]
      - {service_account: $-checker, grants: [{role: mandate.checker, scope: ALL}]}
  - id: $-else
    display_name: Elsewhere
    entitlements: [{application: mandate}]
    memberships:
      - {service_account: $-stranger, grants: [{role: mandate.owner, scope: ALL}]}
";

const GRANT_SERVICE: &str = "mandate.entitlement.v1.GrantService";

async fn load(rig: &Rig, id: &str) {
    rig.claim(id);
    rig.apply(&DOCUMENT.replace('$', id)).await;
    crate::feeds::heard(rig).await;
}

fn list(organization: &str, method: &str) -> ListAuditEntriesRequest {
    ListAuditEntriesRequest {
        parent: format!("organizations/{organization}"),
        page_size: 1000,
        filter: Some(AuditFilter {
            method: method.to_owned(),
            ..AuditFilter::default()
        }),
        ..ListAuditEntriesRequest::default()
    }
}

/// Returns the entries of entitlement for a method in an organization, as `reader` sees them.
async fn entries(reader: &Clients, organization: &str, method: &str) -> Vec<AuditEntry> {
    let request = list(organization, &format!("{GRANT_SERVICE}.{method}"));
    let found = reader.entitlement_audit().list_audit_entries(request).await;
    found.unwrap().into_inner().audit_entries
}

fn give(organization: &str, subject: &str) -> CreateGrantRequest {
    CreateGrantRequest {
        parent: format!("organizations/{organization}"),
        grant_id: "given".to_owned(),
        grant: Some(Grant {
            subject: subject.to_owned(),
            role: "applications/mandate/roles/checker".to_owned(),
            scope: crate::managed::all(),
            ..Grant::default()
        }),
        ..CreateGrantRequest::default()
    }
}

#[test]
fn s1_33_each_entry_names_the_actor_the_grant_and_its_granter() {
    everywhere(async |rig| {
        load(rig, "s1-33").await;
        let owner = clients(rig, "s1-33-owner").await;
        let mut grants = owner.grants();
        let given = grants.create_grant(give("s1-33", "users/s1-33-ann"));
        given.await.unwrap();
        let request = SuspendMembershipRequest {
            name: "organizations/s1-33/memberships/s1-33-ann".to_owned(),
            request_id: "suspended".to_owned(),
            ..SuspendMembershipRequest::default()
        };
        owner.members().suspend_membership(request).await.unwrap();

        let given = entries(&owner, "s1-33", "CreateGrant").await;
        let of = "organizations/s1-33/grants/given";
        let given: Vec<_> = given
            .iter()
            .filter(|entry| entry.resources == [of])
            .collect();
        assert_eq!(given.len(), 1);
        let request = membership::ListAuditEntriesRequest {
            parent: "organizations/s1-33".to_owned(),
            filter: Some(AuditFilter {
                actor: "serviceAccounts/s1-33-owner".to_owned(),
                ..AuditFilter::default()
            }),
            ..membership::ListAuditEntriesRequest::default()
        };
        let suspended = owner.membership_audit().list_audit_entries(request).await;
        let suspended = suspended.unwrap().into_inner().audit_entries;
        let suspended = suspended
            .iter()
            .find(|entry| entry.method.ends_with(".SuspendMembership"))
            .unwrap();
        assert_eq!(suspended.request_id, "suspended");
        for entry in [given[0], suspended] {
            assert_eq!(entry.outcome(), AuditOutcome::Done);
            assert_eq!(entry.actor, "serviceAccounts/s1-33-owner");
            assert_eq!(entry.grant, "organizations/s1-33/grants/owned");
            assert_eq!(entry.granted_by, "serviceAccounts/root");
            assert!(entry.create_time.is_some() && !entry.call_id.is_empty());
        }
    });
}

#[test]
fn s0_3_j2_a_denial_is_recorded_once_and_as_no_change() {
    everywhere(async |rig| {
        load(rig, "s0-3-denied").await;
        let owner = clients(rig, "s0-3-denied-owner").await;
        let checker = clients(rig, "s0-3-denied-checker").await;
        let before = entries(&owner, "s0-3-denied", "CreateGrant").await;
        let mut grants = checker.grants();
        let refused = grants.create_grant(give("s0-3-denied", "users/s0-3-denied-ann"));
        assert_refused(
            refused.await,
            Code::PermissionDenied,
            "NOT_APPLICATION_ADMIN",
        );
        let after = entries(&owner, "s0-3-denied", "CreateGrant").await;
        assert_eq!(after.len(), before.len() + 1);
        let denial = &after[0];
        assert_eq!(denial.outcome(), AuditOutcome::Refused);
        assert_eq!(denial.reason, "NOT_APPLICATION_ADMIN");
        assert_eq!(denial.actor, "serviceAccounts/s0-3-denied-checker");
        // The entry names only the entities in the request.
        assert_eq!(
            denial.resources,
            ["organizations/s0-3-denied", "users/s0-3-denied-ann"]
        );
        assert_eq!(
            (denial.grant.as_str(), denial.granted_by.as_str()),
            ("", "")
        );
    });
}

#[test]
fn s0_28_a_repeated_request_is_one_entry() {
    everywhere(async |rig| {
        load(rig, "s0-28a").await;
        let owner = clients(rig, "s0-28a-owner").await;
        owner
            .grants()
            .create_grant(give("s0-28a", "users/s0-28a-ann"))
            .await
            .unwrap();
        let request = RevokeGrantRequest {
            name: "organizations/s0-28a/grants/given".to_owned(),
            request_id: "once".to_owned(),
            ..RevokeGrantRequest::default()
        };
        let tried = RevokeGrantRequest {
            validate_only: true,
            request_id: String::new(),
            ..request.clone()
        };
        owner.grants().revoke_grant(tried).await.unwrap();
        for _ in 0..2 {
            owner.grants().revoke_grant(request.clone()).await.unwrap();
        }
        let revoked = entries(&owner, "s0-28a", "RevokeGrant").await;
        assert_eq!(revoked.len(), 1, "{revoked:?}");
        assert_eq!(revoked[0].request_id, "once");
    });
}

#[test]
fn j2_reads_are_recorded_and_so_are_reads_of_the_log() {
    everywhere(async |rig| {
        load(rig, "j2").await;
        let owner = clients(rig, "j2-owner").await;
        let request = ListGrantsRequest {
            parent: "organizations/j2".to_owned(),
            ..ListGrantsRequest::default()
        };
        owner.grants().list_grants(request).await.unwrap();
        let read = entries(&owner, "j2", "ListGrants").await;
        let own = |entry: &&AuditEntry| entry.actor == "serviceAccounts/j2-owner";
        let read = read.iter().find(own).unwrap();
        assert_eq!(read.outcome(), AuditOutcome::Read);
        assert_eq!(read.grant, "organizations/j2/grants/owned");
        let request = list("j2", "mandate.entitlement.v1.AuditService.ListAuditEntries");
        let found = owner.entitlement_audit().list_audit_entries(request).await;
        let found = found.unwrap().into_inner().audit_entries;
        assert_eq!(found[0].actor, "serviceAccounts/j2-owner");
        assert_eq!(found[0].resources, ["organizations/j2"]);
    });
}

#[test]
fn k_v_calls_by_strangers_are_in_the_operators_log_only() {
    everywhere(async |rig| {
        load(rig, "k-v").await;
        let owner = clients(rig, "k-v-owner").await;
        let stranger = clients(rig, "k-v-stranger").await;
        for organization in ["k-v", "k-v-nowhere"] {
            let mut grants = stranger.grants();
            let refused = grants.create_grant(give(organization, "users/k-v-ann"));
            assert_refused(refused.await, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let known = entries(&owner, "k-v", "CreateGrant").await;
        let own = |entry: &&AuditEntry| entry.actor == "serviceAccounts/k-v-stranger";
        assert_eq!(known.iter().filter(own).count(), 0);
        let known = entries(&rig.root(), "operator", "CreateGrant").await;
        assert_eq!(known.iter().filter(own).count(), 2);
        // Entries of other organizations are not readable at all.
        let request = list("k-v-else", "");
        let refused = owner.entitlement_audit().list_audit_entries(request).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let all = ExportAuditRecordsRequest::default();
        let refused = owner.entitlement_audit().export_audit_records(all).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    });
}

/// Exports all records of a log, page by page.
macro_rules! exported {
    ($package:ident, $client:expr) => {{
        let (mut client, mut records) = ($client, Vec::new());
        loop {
            let request = api::$package::v1::ExportAuditRecordsRequest {
                after: i64::try_from(records.len()).unwrap(),
            };
            let page = client
                .export_audit_records(request)
                .await
                .unwrap()
                .into_inner();
            records.extend(page.records);
            if page.caught_up {
                break (records, page.anchor);
            }
        }
    }};
}

#[test]
fn j1_j3_an_erased_person_is_in_no_copy_and_the_chain_holds() {
    everywhere(async |rig| {
        load(rig, "j3").await;
        let root = rig.root();
        let owner = clients(rig, "j3-owner").await;
        owner
            .grants()
            .create_grant(give("j3", "users/j3-ann"))
            .await
            .unwrap();
        let named = |entries: Vec<AuditEntry>| {
            let mut named = entries.into_iter().flat_map(|entry| entry.resources);
            named.any(|name| name == "organizations/j3/grants/given")
        };
        assert!(named(entries(&owner, "j3", "CreateGrant").await));
        let request = api::entitlement::v1::ForgetPersonRequest {
            name: "users/j3-ann".to_owned(),
            ..api::entitlement::v1::ForgetPersonRequest::default()
        };
        let forgotten = root.entitlement_audit().forget_person(request).await;
        forgotten.unwrap();
        let left = entries(&owner, "j3", "CreateGrant").await;
        assert!(
            left.iter().any(|entry| entry.resources == ["users/-"]),
            "{left:?}"
        );
        assert!(!named(left));

        let (records, anchor) = exported!(entitlement, root.entitlement_audit());
        let chain = audit::Chain::new(&rig.secrets().sealer, "entitlement");
        let mut verifier = audit::Verifier::new(chain.clone(), vec![chain.open(&anchor).unwrap()]);
        let mut bytes = Vec::new();
        for chained in records {
            verifier.record(&chained.record, &chained.mac).unwrap();
            bytes.extend(chained.record);
        }
        verifier.end().unwrap();
        assert!(!contains(&bytes, "users/j3-ann"));
    });
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Partly K-j: metrics are not read.
#[test]
fn k_j_no_secret_and_nothing_of_a_person_is_in_the_log() {
    everywhere(async |rig| {
        load(rig, "k-j").await;
        let root = rig.root();
        let request = identity::CreateServiceAccountKeyRequest {
            parent: "serviceAccounts/k-j-owner".to_owned(),
            ..identity::CreateServiceAccountKeyRequest::default()
        };
        let made = root
            .service_accounts()
            .create_service_account_key(request)
            .await;
        let made = made.unwrap().into_inner();
        let request = identity::CreateUserRequest {
            user: Some(identity::User {
                login: "k-j-login".to_owned(),
                given_name: "K-j-given".to_owned(),
                email: "k-j@personal.example".to_owned(),
                ..identity::User::default()
            }),
            user_id: "k-j-user".to_owned(),
            ..identity::CreateUserRequest::default()
        };
        root.users().create_user(request).await.unwrap();
        let mut secrets: Vec<String> = ["root.key", "token.key"]
            .map(|file| fs::read_to_string(rig.secrets_folder().join(file)).unwrap())
            .to_vec();
        secrets.push(made.secret);
        secrets.push(made.consistency_token);
        let personal = ["k-j-login", "K-j-given", "k-j@personal", "users/k-j-user"];
        let logs = [
            exported!(identity, root.identity_audit()).0,
            exported!(membership, root.membership_audit()).0,
            exported!(entitlement, root.entitlement_audit()).0,
        ];
        let mut methods = Vec::new();
        for chained in logs.concat() {
            for secret in secrets.iter().map(|secret| secret.trim()).chain(personal) {
                assert!(!contains(&chained.record, secret), "{secret}");
            }
            methods.push(
                AuditRecord::decode(chained.record.as_slice())
                    .unwrap()
                    .method,
            );
        }
        // If the services are processes, their other log files hold no secret either.
        for service in ["identity", "membership", "entitlement"] {
            let log = rig.secrets_folder().join(format!("{service}.log"));
            let log = fs::read(log).unwrap_or_default();
            for secret in secrets.iter().map(|secret| secret.trim()).chain(personal) {
                assert!(!contains(&log, secret), "{secret}");
            }
        }
        for method in [
            "UserService.CreateUser",
            "CreateServiceAccountKey",
            "BatchCreateMemberships",
        ] {
            assert!(
                methods.iter().any(|found| found.ends_with(method)),
                "{method}"
            );
        }
    });
}
