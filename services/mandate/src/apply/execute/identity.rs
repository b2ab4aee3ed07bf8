//! Users and service accounts.

use api::identity::v1::{
    BatchCreateUsersRequest, CreateServiceAccountKeyRequest, CreateServiceAccountRequest,
    CreateUserRequest, ServiceAccount, ServiceAccountKey, UpdateUserRequest, User,
};

use super::call::{Caller, batches, call, id};
use crate::apply::{ApplyError, Changes, together::together};

/// Creates service accounts; nothing of them can be changed.
pub(super) async fn service_accounts(
    caller: &Caller,
    changes: Changes<ServiceAccount>,
) -> Result<(), ApplyError> {
    for account in changes.create {
        let request = CreateServiceAccountRequest {
            service_account_id: id(&account.name),
            service_account: Some(account),
            ..CreateServiceAccountRequest::default()
        };
        let answer = call!(caller, Identity: service_accounts.create_service_account(request));
        caller.heard(answer.consistency_token).await;
        caller.done(1);
    }
    Ok(())
}

/// Lets tokens prove service accounts; of whom, nothing can be changed.
pub(super) async fn identities(
    caller: &Caller,
    changes: Changes<ServiceAccountKey>,
) -> Result<(), ApplyError> {
    for key in changes.create {
        let account = key.name.split("/keys/").next().unwrap_or_default();
        let request = CreateServiceAccountKeyRequest {
            parent: account.to_owned(),
            key: Some(key),
            ..CreateServiceAccountKeyRequest::default()
        };
        call!(caller, Identity: service_accounts.create_service_account_key(request));
        caller.done(1);
    }
    Ok(())
}

/// Creates and changes users.
pub(super) async fn users(caller: &Caller, changes: Changes<User>) -> Result<(), ApplyError> {
    let requests = changes.create.into_iter().map(|user| CreateUserRequest {
        user_id: id(&user.name),
        user: Some(user),
        ..CreateUserRequest::default()
    });
    together(batches(requests.collect()), |batch| {
        create(caller.clone(), batch)
    })
    .await?;
    together(changes.change, |change| {
        let request = UpdateUserRequest {
            update_mask: Some(change.mask()),
            user: Some(change.fact),
            ..UpdateUserRequest::default()
        };
        update(caller.clone(), request)
    })
    .await?;
    Ok(())
}

async fn create(caller: Caller, requests: Vec<CreateUserRequest>) -> Result<(), ApplyError> {
    let count = requests.len();
    let request = BatchCreateUsersRequest {
        requests,
        ..BatchCreateUsersRequest::default()
    };
    let answer = call!(caller, Identity: users.batch_create_users(request));
    caller.heard(answer.consistency_token).await;
    caller.done(count);
    Ok(())
}

async fn update(caller: Caller, request: UpdateUserRequest) -> Result<(), ApplyError> {
    call!(caller, Identity: users.update_user(request));
    caller.done(1);
    Ok(())
}
