//! The stream of changes for other systems.

use std::time::Duration;

use api::entitlement::v1::{
    ChangeKind, CreateGrantRequest, Grant, RevokeGrantRequest, WatchRequest, WatchResponse,
};
use api::identity::v1::{DeactivateUserRequest, DeleteServiceAccountKeyRequest};
use mandate_documents::clients::Clients;
use tests::Rig;
use tokio::time::timeout;
use tonic::{Code, Streaming};

use crate::{
    managed::{clients, key},
    refusal::assert_refused,
    shared::everywhere,
};

/// Maximum wait of a reader for an expected message.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);

const DOCUMENT: &str = "
users: [{id: $-ann, login: $.ann, given_name: Ann}, {id: $-ben, login: $.ben, given_name: Ben}]
service_accounts: [{id: $-owner}, {id: $-other}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: mandate}]
    memberships:
      - {user: $-ann}
      - service_account: $-owner
        grants: [{id: owned, role: mandate.owner, scope: ALL, can_delegate: true}]
      - service_account: $-other
        grants: [{id: other, role: mandate.owner, scope: ALL}]
  - id: $-else
    display_name: Elsewhere
    entitlements: [{application: mandate}]
    memberships: [{user: $-ann}, {user: $-ben}]
";

async fn load(rig: &Rig, id: &str) {
    rig.apply(&DOCUMENT.replace('$', id)).await;
    crate::feeds::heard(rig).await;
}

async fn watch(reader: &Clients, parent: &str, cursor: &str) -> Streaming<WatchResponse> {
    let request = WatchRequest {
        parent: parent.to_owned(),
        cursor: cursor.to_owned(),
    };
    reader.watch().watch(request).await.unwrap().into_inner()
}

/// Returns the changes as `KIND organization subject` up to `last`, and the cursor after it.
async fn until(stream: &mut Streaming<WatchResponse>, last: &str) -> (Vec<String>, String) {
    let mut heard = Vec::new();
    loop {
        let response = timeout(MESSAGE_TIMEOUT, stream.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        for change in &response.changes {
            let kind = ChangeKind::try_from(change.kind).unwrap().as_str_name();
            let kind = kind.trim_start_matches("CHANGE_KIND_");
            heard.push(format!("{kind} {} {}", change.organization, change.subject));
        }
        if heard.iter().any(|change| change == last) {
            return (heard, response.cursor);
        }
    }
}

/// Returns the code with which a stream ends.
async fn end(stream: &mut Streaming<WatchResponse>) -> Code {
    loop {
        match timeout(MESSAGE_TIMEOUT, stream.message()).await.unwrap() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without an error"),
            Err(status) => return status.code(),
        }
    }
}

async fn give(by: &Clients, organization: &str, subject: &str) {
    let request = CreateGrantRequest {
        parent: format!("organizations/{organization}"),
        grant: Some(Grant {
            subject: subject.to_owned(),
            role: "applications/mandate/roles/checker".to_owned(),
            scope: crate::managed::all(),
            ..Grant::default()
        }),
        ..CreateGrantRequest::default()
    };
    by.grants().create_grant(request).await.unwrap();
}

#[test]
fn k_v_a_watch_reports_only_the_owners_organization_and_resumes() {
    everywhere(async |rig| {
        load(rig, "watch").await;
        let (root, owner) = (rig.root(), clients(rig, "watch-owner").await);
        let mut stream = watch(&owner, "organizations/watch", "").await;
        // The first message comes immediately, so that the reader has a cursor before any change.
        let first = stream.message().await.unwrap().unwrap();
        give(&root, "watch-else", "users/watch-ben").await;
        for user in ["watch-ben", "watch-ann"] {
            let request = DeactivateUserRequest {
                name: format!("users/{user}"),
                ..DeactivateUserRequest::default()
            };
            root.users().deactivate_user(request).await.unwrap();
        }
        let ann = "SUBJECT  users/watch-ann";
        let (heard, _) = until(&mut stream, ann).await;
        assert!(
            !heard.iter().any(|change| change.contains("ben")),
            "{heard:?}"
        );
        assert!(
            !heard.iter().any(|change| change.contains("-else")),
            "{heard:?}"
        );
        let given = "MEMBER organizations/watch users/watch-ann";
        give(&owner, "watch", "users/watch-ann").await;
        let (_, cursor) = until(&mut stream, given).await;

        // The first cursor replays all changes; the last cursor replays none.
        let mut again = watch(&owner, "organizations/watch", &first.cursor).await;
        let (heard, _) = until(&mut again, given).await;
        assert!(heard.iter().any(|change| change == ann), "{heard:?}");
        let mut after = watch(&owner, "organizations/watch", &cursor).await;
        let next = after.message().await.unwrap().unwrap();
        assert_eq!(next.changes, []);
        // The operator receives the changes of all organizations.
        let mut all = watch(&root, "", "").await;
        all.message().await.unwrap().unwrap();
        give(&root, "watch-else", "users/watch-ann").await;
        until(&mut all, "MEMBER organizations/watch-else users/watch-ann").await;
    });
}

#[test]
fn k_i_a_cursor_is_valid_for_its_own_parent() {
    everywhere(async |rig| {
        load(rig, "cursor").await;
        let (root, owner) = (rig.root(), clients(rig, "cursor-owner").await);
        let mut all = watch(&root, "", "").await;
        let theirs = all.message().await.unwrap().unwrap().cursor;
        for cursor in [theirs.as_str(), "1", "AAAA"] {
            let request = WatchRequest {
                parent: "organizations/cursor".to_owned(),
                cursor: cursor.to_owned(),
            };
            let refused = owner.watch().watch(request).await;
            assert_refused(refused, Code::InvalidArgument, "INVALID_REQUEST");
        }
        for parent in ["", "organizations/cursor-else", "organizations/nowhere"] {
            let request = WatchRequest {
                parent: parent.to_owned(),
                ..WatchRequest::default()
            };
            let refused = owner.watch().watch(request).await;
            assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        }
    });
}

#[test]
fn a_watch_of_an_organization_that_does_not_exist_is_refused() {
    everywhere(async |rig| {
        let request = WatchRequest {
            parent: "organizations/no-such".to_owned(),
            ..WatchRequest::default()
        };
        let refused = rig.root().watch().watch(request).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    });
}

#[test]
fn d8_k_v_a_watch_ends_with_the_permission_to_read() {
    everywhere(async |rig| {
        load(rig, "d8").await;
        let owner = clients(rig, "d8-owner").await;
        let mut stream = watch(&owner, "organizations/d8", "").await;
        stream.message().await.unwrap().unwrap();
        let request = RevokeGrantRequest {
            name: "organizations/d8/grants/owned".to_owned(),
            ..RevokeGrantRequest::default()
        };
        rig.root().grants().revoke_grant(request).await.unwrap();
        // The stream does not even deliver the change that revoked the permission.
        loop {
            match timeout(MESSAGE_TIMEOUT, stream.message()).await.unwrap() {
                Ok(response) => assert_eq!(response.unwrap().changes, []),
                Err(status) => break assert_eq!(status.code(), Code::PermissionDenied),
            }
        }
    });
}

#[test]
fn d8_a_watch_ends_with_the_key_that_began_it() {
    everywhere(async |rig| {
        load(rig, "d8-key").await;
        let (key, owner) = key(rig, "d8-key-owner").await;
        let mut stream = watch(&owner, "organizations/d8-key", "").await;
        stream.message().await.unwrap().unwrap();
        let request = DeleteServiceAccountKeyRequest {
            name: key,
            ..DeleteServiceAccountKeyRequest::default()
        };
        let mut accounts = rig.root().service_accounts();
        accounts.delete_service_account_key(request).await.unwrap();
        assert_eq!(end(&mut stream).await, Code::Unauthenticated);
    });
}

#[test]
fn k_n_a_caller_has_a_quota_of_watches_that_is_released() {
    everywhere(async |rig| {
        load(rig, "watches").await;
        let owner = clients(rig, "watches-owner").await;
        let mut streams = Vec::new();
        for _ in 0..16 {
            streams.push(watch(&owner, "organizations/watches", "").await);
        }
        let request = WatchRequest {
            parent: "organizations/watches".to_owned(),
            ..WatchRequest::default()
        };
        let refused = owner.watch().watch(request.clone()).await;
        assert_refused(refused, Code::ResourceExhausted, "OVERLOADED");
        drop(streams);
        let begun = async {
            while owner.watch().watch(request.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(MESSAGE_TIMEOUT, begun).await.unwrap();
    });
}
