//! Changing a person's or account's credentials, or its ability to act, takes the right to grant
//! everything that it holds.

use std::{
    fmt::Debug,
    sync::atomic::{AtomicUsize, Ordering},
};

use api::{
    entitlement::v1::{CreateGrantRequest, Grant},
    identity::v1::{
        CreateServiceAccountKeyRequest, DeactivateUserRequest, DeleteServiceAccountKeyRequest,
        DisableServiceAccountRequest, EnableServiceAccountRequest, ListServiceAccountKeysRequest,
        OidcIdentity, ReactivateUserRequest, ServiceAccountKey, UpdateUserRequest, User,
    },
};
use mandate_documents::clients::Clients;
use tests::{Rig, Setting};
use tonic::{Code, Response, Status};

use crate::{
    managed::{Managed, all, key},
    refusal::assert_refused,
    revoking::mask,
    shared::{everywhere, run},
    staff::staff,
};

const DENIED: Code = Code::PermissionDenied;
const ROOT: &str = "serviceAccounts/root";
const KEYS_PERMISSION: &str = "mandate.service-accounts.write";
const USERS_PERMISSION: &str = "mandate.users.write";

async fn new_key(
    by: &Clients,
    account: &str,
    oidc: Option<OidcIdentity>,
) -> Result<Response<()>, Status> {
    let request = CreateServiceAccountKeyRequest {
        parent: account.to_owned(),
        key: Some(ServiceAccountKey {
            oidc,
            ..ServiceAccountKey::default()
        }),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = by.service_accounts();
    accounts
        .create_service_account_key(request)
        .await
        .map(nothing)
}

async fn delete_key(by: &Clients, name: &str) -> Result<Response<()>, Status> {
    let request = DeleteServiceAccountKeyRequest {
        name: name.to_owned(),
        ..DeleteServiceAccountKeyRequest::default()
    };
    let mut accounts = by.service_accounts();
    accounts
        .delete_service_account_key(request)
        .await
        .map(nothing)
}

async fn disable(by: &Clients, account: &str) -> Result<Response<()>, Status> {
    let request = DisableServiceAccountRequest {
        name: account.to_owned(),
        ..DisableServiceAccountRequest::default()
    };
    let mut accounts = by.service_accounts();
    accounts.disable_service_account(request).await.map(nothing)
}

async fn enable(by: &Clients, account: &str) -> Result<Response<()>, Status> {
    let request = EnableServiceAccountRequest {
        name: account.to_owned(),
        ..EnableServiceAccountRequest::default()
    };
    let mut accounts = by.service_accounts();
    accounts.enable_service_account(request).await.map(nothing)
}

/// Sets a unique new address of a user.
async fn address(by: &Clients, user: &str) -> Result<Response<()>, Status> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let request = UpdateUserRequest {
        user: Some(User {
            name: user.to_owned(),
            email: format!("mallory-{number}@example.org"),
            ..User::default()
        }),
        update_mask: mask("email"),
        ..UpdateUserRequest::default()
    };
    by.users().update_user(request).await.map(nothing)
}

async fn deactivate(by: &Clients, user: &str) -> Result<Response<()>, Status> {
    let request = DeactivateUserRequest {
        name: user.to_owned(),
        ..DeactivateUserRequest::default()
    };
    by.users().deactivate_user(request).await.map(nothing)
}

async fn reactivate(by: &Clients, user: &str) -> Result<Response<()>, Status> {
    let request = ReactivateUserRequest {
        name: user.to_owned(),
        ..ReactivateUserRequest::default()
    };
    by.users().reactivate_user(request).await.map(nothing)
}

fn nothing<T: Debug>(_: Response<T>) -> Response<()> {
    Response::new(())
}

fn identity(subject: &str) -> OidcIdentity {
    OidcIdentity {
        issuer: "https://issuer.example".to_owned(),
        subject: subject.to_owned(),
    }
}

#[test]
fn b7_a_manager_of_keys_cannot_gain_access_by_a_key() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-keys").await;
        let by = staff(rig, "b7-keys-desk", &[KEYS_PERMISSION]).await;
        let more = "SCOPE_EXCEEDS_GRANTOR";
        assert_refused(new_key(&by, ROOT, None).await, DENIED, more);
        assert_refused(new_key(&by, ROOT, Some(identity("b7"))).await, DENIED, more);
        assert_refused(disable(&by, ROOT).await, DENIED, "NOT_APPLICATION_ADMIN");
        // An owner in some organization, managers of a part, and an account that may only check.
        let owner = world.account("owner");
        let owners = "OWNER_ROLE_IMMUTABLE";
        assert_refused(new_key(&by, &owner, None).await, DENIED, owners);
        assert_refused(disable(&by, &owner).await, DENIED, owners);
        let (name, _) = key(rig, "b7-keys-owner").await;
        assert_refused(delete_key(&by, &name).await, DENIED, owners);
        for who in ["part", "admin", "plain"] {
            assert_refused(new_key(&by, &world.account(who), None).await, DENIED, more);
        }
        for who in ["part", "admin"] {
            let account = world.account(who);
            let admin = "NOT_APPLICATION_ADMIN";
            assert_refused(disable(&by, &account).await, DENIED, admin);
        }
        // An account that manages nothing can be disabled, but only a granter of its access can
        // enable it.
        let plain = world.account("plain");
        disable(&by, &plain).await.unwrap();
        assert_refused(enable(&by, &plain).await, DENIED, more);
        enable(&rig.root(), &plain).await.unwrap();
    });
}

#[test]
fn b7_a_manager_of_keys_creates_keys_of_accounts_within_its_rights() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-able").await;
        let held = [KEYS_PERMISSION, "mandate.grants.write"];
        let by = staff(rig, "b7-able-desk", &held).await;
        let plain = world.account("plain");
        new_key(&by, &plain, None).await.unwrap();
        new_key(&by, &plain, Some(identity("b7-able")))
            .await
            .unwrap();
        disable(&by, &plain).await.unwrap();
        enable(&by, &plain).await.unwrap();
        let part = world.account("part");
        let more = "SCOPE_EXCEEDS_GRANTOR";
        assert_refused(new_key(&by, &part, None).await, DENIED, more);
        // Callers may manage their own credentials, which do not change their access.
        let own = "serviceAccounts/b7-able-desk";
        new_key(&by, own, None).await.unwrap();
        let (name, _) = key(rig, "b7-able-desk").await;
        delete_key(&by, &name).await.unwrap();
        // Grants that begin later count as well, because the key outlives their start.
        let scope = world.units(&["k1"]);
        let role = "mandate.delegated-owner";
        world.give(&rig.root(), &plain, role, scope).await.unwrap();
        assert_refused(new_key(&by, &plain, None).await, DENIED, more);
        assert_refused(disable(&by, &plain).await, DENIED, "NOT_APPLICATION_ADMIN");
        let root = rig.root();
        for account in [&plain, &part] {
            new_key(&root, account, None).await.unwrap();
        }
    });
}

#[test]
fn b7_a_manager_of_users_changes_no_address_of_users_beyond_its_rights() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "b7-users").await;
        let by = staff(rig, "b7-users-desk", &[USERS_PERMISSION]).await;
        let (root, ann, ben) = (rig.root(), world.user("ann"), world.user("ben"));
        address(&by, &ben).await.unwrap();
        let more = "SCOPE_EXCEEDS_GRANTOR";
        assert_refused(address(&by, &ann).await, DENIED, more);
        deactivate(&by, &ann).await.unwrap();
        assert_refused(reactivate(&by, &ann).await, DENIED, more);
        reactivate(&root, &ann).await.unwrap();
        let role = "mandate.owner";
        world.give(&root, &ben, role, None).await.unwrap();
        let owners = "OWNER_ROLE_IMMUTABLE";
        assert_refused(address(&by, &ben).await, DENIED, owners);
        assert_refused(deactivate(&by, &ben).await, DENIED, owners);
        address(&root, &ben).await.unwrap();
        deactivate(&root, &ben).await.unwrap();
        assert_refused(reactivate(&by, &ben).await, DENIED, owners);
        reactivate(&root, &ben).await.unwrap();
    });
}

/// The check covers all organizations in which a subject holds access.
#[test]
fn b7_control_requires_rights_in_every_organization_of_the_account() {
    everywhere(async |rig| {
        let organizations: Vec<String> = (0..120)
            .map(|number| {
                let role = if number == 119 { "owner" } else { "checker" };
                format!(
                    "  - id: b7-many-{number:03}
    display_name: Many
    entitlements: [{{application: mandate}}]
    memberships:
      - service_account: b7-many
        grants: [{{id: g, role: mandate.{role}, scope: ALL}}]
"
                )
            })
            .collect();
        let document = format!(
            "service_accounts: [{{id: b7-many}}]\norganizations:\n{}",
            organizations.concat()
        );
        rig.apply(&document).await;
        crate::feeds::heard(rig).await;
        let held = [
            KEYS_PERMISSION,
            "mandate.grants.write",
            "mandate.decisions.check",
            "mandate.access.read",
        ];
        let by = staff(rig, "b7-many-desk", &held).await;
        let account = "serviceAccounts/b7-many";
        // The account owns only the last organization, where the caller could not grant its role.
        let more = "SCOPE_EXCEEDS_GRANTOR";
        assert_refused(new_key(&by, account, None).await, DENIED, more);
        let last = (Code::FailedPrecondition, "LAST_OWNER");
        assert_refused(disable(&rig.root(), account).await, last.0, last.1);
        new_key(&rig.root(), account, None).await.unwrap();
    });
}

/// Partly S2-15: no case is opened.
#[test]
fn s2_15_the_last_owner_of_any_organization_stays_active() {
    everywhere(async |rig| {
        let world = Managed::load(rig, "s2-15").await;
        let (root, ann) = (rig.root(), world.user("ann"));
        let last = (Code::FailedPrecondition, "LAST_OWNER");
        disable(&root, &world.account("other")).await.unwrap();
        let owner = world.account("owner");
        assert_refused(disable(&root, &owner).await, last.0, last.1);
        let promoted = world.give(&root, &ann, "mandate.owner", None).await;
        promoted.unwrap();
        disable(&root, &owner).await.unwrap();
        assert_refused(deactivate(&root, &ann).await, last.0, last.1);
        enable(&root, &owner).await.unwrap();
        // The reactivated owner does not count yet, because its removal was announced just before.
        assert_refused(deactivate(&root, &ann).await, last.0, last.1);
        let admin = (Code::FailedPrecondition, "LAST_APPLICATION_ADMIN");
        let refused = disable(&root, &world.account("admin")).await;
        assert_refused(refused, admin.0, admin.1);
    });
}

#[test]
fn root_is_never_locked_out() {
    everywhere(async |rig| {
        let id = format!("root-peer-{:?}", rig.setting).to_lowercase();
        let other = staff(rig, &id, &["mandate.users.read"]).await;
        let name = format!("serviceAccounts/{id}");
        // Another account that may do everything.
        let grant = CreateGrantRequest {
            parent: "organizations/operator".to_owned(),
            grant: Some(Grant {
                subject: name.clone(),
                role: "applications/mandate/roles/operator".to_owned(),
                scope: all(),
                can_delegate: true,
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        let root = rig.root();
        root.grants().create_grant(grant).await.unwrap();
        assert_refused(disable(&root, ROOT).await, DENIED, "SELF_EDIT_FORBIDDEN");
        let stays = (Code::FailedPrecondition, "WRONG_STATE");
        assert_refused(disable(&other, ROOT).await, stays.0, stays.1);
        disable(&root, &name).await.unwrap();
        enable(&root, &name).await.unwrap();
        disable(&root, &name).await.unwrap();
    });
}

#[test]
fn a_root_key_that_was_deleted_stays_deleted_after_a_restart() {
    run(async {
        for setting in Setting::ALL {
            let mut rig = Rig::start(setting).await;
            let root = rig.root();
            let request = ListServiceAccountKeysRequest {
                parent: ROOT.to_owned(),
                ..ListServiceAccountKeysRequest::default()
            };
            let mut accounts = root.service_accounts();
            let keys = accounts.list_service_account_keys(request).await;
            let keys = keys.unwrap().into_inner().keys;
            delete_key(&root, &keys[0].name).await.unwrap();
            for _ in 0..2 {
                rig.restart().await;
                let refused = new_key(&rig.root(), ROOT, None).await.unwrap_err();
                assert_eq!(refused.code(), Code::Unauthenticated, "{setting:?}");
            }
            rig.end();
        }
    });
}
