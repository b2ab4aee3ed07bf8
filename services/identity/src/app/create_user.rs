use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::identity::v1::{CreateUserRequest, CreateUserResponse, User};
use authz::Context;
use identity_core::Login;
use service::required;
use types::{Id, UserId};

use super::{App, id_or_new, oidc_identity::oidc_identity};
use crate::{
    error::Error,
    store::users::{self, NewUser},
};

/// Creates a user.
pub(crate) async fn create_user(
    app: &App,
    context: &Context,
    request: CreateUserRequest,
) -> Result<CreateUserResponse, Error> {
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let mut users = insert(&mut tx, vec![new_user(request, "")?]).await?;
    let user = users.pop();
    Ok(tx
        .finish(|consistency_token| CreateUserResponse {
            user,
            consistency_token,
        })
        .await?)
}

/// Validates a user to create; `at` is the path of the request in the call.
pub(super) fn new_user(request: CreateUserRequest, at: &str) -> Result<NewUser, Fault> {
    let user = request.user.unwrap_or_default();
    required(&format!("{at}user.given_name"), &user.given_name)?;
    let login = Login::parse(&user.login, &user.realm)
        .map_err(|error| Fault::field(format!("{at}{}", error.field()), error.to_string()))?;
    if let Some(identity) = &user.oidc {
        oidc_identity(&format!("{at}user.oidc"), identity)?;
    }
    let id = UserId::parse(&id_or_new(&request.user_id, 'u'))
        .map_err(|error| Fault::field(format!("{at}user_id"), error.to_string()))?;
    Ok(NewUser { id, login, user })
}

/// Inserts users, all or none.
pub(super) async fn insert(tx: &mut WriteTx, users: Vec<NewUser>) -> Result<Vec<User>, Error> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
    if let Some(id) = users::first_existing(tx.connection(), &ids).await? {
        return Err(Error::UserExists(format!("users/{id}")));
    }
    let identities = users.iter().filter_map(|new| new.user.oidc.as_ref());
    let identities: Vec<_> = identities.collect();
    let known = users::first_with_identity(tx.connection(), &identities).await?;
    if let Some((_, identity)) = known {
        return Err(Error::OidcIdentityTaken(oidc_identity(
            "user.oidc",
            &identity,
        )?));
    }
    match users::insert(tx, users).await {
        // The ids were free, so a login exists, or a value is twice in the batch.
        Err(StoreError::Duplicate(_)) => Err(Error::LoginTaken),
        other => Ok(other?),
    }
}
