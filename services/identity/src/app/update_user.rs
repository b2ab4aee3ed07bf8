use ::rpc::Fault;
use ::store::Turn;
use api::identity::v1::{UpdateUserRequest, UpdateUserResponse};
use authz::Context;
use service::{expect_etag, parse, required};
use types::{Id, UserId};

use super::{App, oidc_identity::oidc_identity};
use crate::{error::Error, store::users};

/// Changes the fields that the mask names.
pub(crate) async fn update_user(
    app: &App,
    context: &Context,
    request: UpdateUserRequest,
) -> Result<UpdateUserResponse, Error> {
    let new = request.user.clone().unwrap_or_default();
    let id = parse("user.name", &new.name, UserId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let (mut user, version) = users::find(tx.connection(), &id)
        .await?
        .ok_or(Error::UserNotFound(new.name))?;
    expect_etag(&new.etag, version)?;
    let before = user.clone();
    for path in request.update_mask.unwrap_or_default().paths {
        match path.as_str() {
            "given_name" => user.given_name.clone_from(&new.given_name),
            "family_name" => user.family_name.clone_from(&new.family_name),
            "email" => user.email.clone_from(&new.email),
            "oidc" => user.oidc.clone_from(&new.oidc),
            _ => return Err(Fault::immutable(&path).into()),
        }
    }
    required("user.given_name", &user.given_name)?;
    if let Some(identity) = &user.oidc {
        let known = users::first_with_identity(tx.connection(), &[identity]).await?;
        let identity = oidc_identity("user.oidc", identity)?;
        if known.is_some_and(|(known, _)| known != id.as_str()) {
            return Err(Error::OidcIdentityTaken(identity));
        }
    }
    let user = users::update(&mut tx, &id, version, user).await?;
    // Somebody who controls the address or the identity can pass for the person.
    if user.email != before.email || user.oidc != before.oidc {
        app.check_can_grant(context, &permit, &user.name).await?;
    }
    Ok(tx
        .finish(|consistency_token| UpdateUserResponse {
            user: Some(user),
            consistency_token,
        })
        .await?)
}
