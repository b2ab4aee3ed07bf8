//! Users and service accounts.

use api::identity::v1::{
    BatchCreateUsersRequest, CreateServiceAccountKeyRequest, CreateServiceAccountRequest,
    CreateUserRequest, ServiceAccount, ServiceAccountKey, UpdateUserRequest, User,
};

use super::{
    Halted,
    batch::batches,
    call::{Caller, call, id, send},
};
use crate::apply::{Changes, together::each};

/// Creates service accounts; they have no field that can be changed.
pub(super) async fn service_accounts(
    caller: &Caller,
    changes: Changes<ServiceAccount>,
) -> Result<(), Halted> {
    for account in changes.create {
        let name = account.name.clone();
        let request = CreateServiceAccountRequest {
            service_account_id: id(&name),
            service_account: Some(account),
            ..CreateServiceAccountRequest::default()
        };
        let answer =
            call!(caller, name, Identity: service_accounts.create_service_account(request));
        if let Some(answer) = answer {
            caller.await_entitlement(answer.consistency_token).await;
        }
    }
    Ok(())
}

/// Adds OIDC identities to service accounts; they have no field that can be changed.
pub(super) async fn identities(
    caller: &Caller,
    mut changes: Changes<ServiceAccountKey>,
) -> Result<(), Halted> {
    changes.create.retain(|key| caller.can_call(key));
    for key in changes.create {
        let name = key.name.clone();
        let account = name.split("/keys/").next().unwrap_or_default();
        let request = CreateServiceAccountKeyRequest {
            parent: account.to_owned(),
            key: Some(key),
            ..CreateServiceAccountKeyRequest::default()
        };
        call!(caller, name, Identity: service_accounts.create_service_account_key(request));
    }
    Ok(())
}

/// Creates and changes users.
pub(super) async fn users(caller: &Caller, changes: Changes<User>) -> Result<(), Halted> {
    let requests = changes.create.into_iter().map(|user| {
        let name = user.name.clone();
        let request = CreateUserRequest {
            user_id: id(&name),
            user: Some(user),
            ..CreateUserRequest::default()
        };
        (name, request)
    });
    each(batches(requests.collect()), |batch| {
        create(caller.clone(), batch)
    })
    .await?;
    each(changes.change, |change| {
        let request = UpdateUserRequest {
            update_mask: Some(change.mask()),
            user: Some(change.fact.clone()),
            ..UpdateUserRequest::default()
        };
        update(caller.clone(), change.fact.name, request)
    })
    .await
}

async fn create(caller: Caller, users: Vec<(String, CreateUserRequest)>) -> Result<(), Halted> {
    let send = async |requests, only| {
        let request = BatchCreateUsersRequest {
            requests,
            ..BatchCreateUsersRequest::default()
        };
        let answer = send!(caller, only, Identity: users.batch_create_users(request))?;
        Ok(answer.consistency_token)
    };
    if let Some(token) = caller.call_batch(users, send).await? {
        caller.await_entitlement(token).await;
    }
    Ok(())
}

async fn update(caller: Caller, name: String, request: UpdateUserRequest) -> Result<(), Halted> {
    call!(caller, name, Identity: users.update_user(request));
    Ok(())
}
