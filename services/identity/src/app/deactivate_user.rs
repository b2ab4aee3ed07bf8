use ::store::{Turn, WriteTx};
use api::identity::v1::{DeactivateUserRequest, DeactivateUserResponse, User, UserState};
use authz::Context;
use service::{expect_etag, parse};
use types::UserId;

use super::App;
use crate::{error::Error, store::users};

/// Deactivates a user, so that no access of the user is in force; returns once the change has
/// propagated.
pub(crate) async fn deactivate_user(
    app: &App,
    context: &Context,
    request: DeactivateUserRequest,
) -> Result<DeactivateUserResponse, Error> {
    let id = parse("name", &request.name, UserId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response: DeactivateUserResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let user = set_state(&mut tx, &id, &request.etag, UserState::Deactivated).await?;
            let only = request.validate_only;
            app.release(context, &permit, &user.name, only).await?;
            tx.finish(|consistency_token| DeactivateUserResponse {
                user: Some(user),
                consistency_token,
                ..DeactivateUserResponse::default()
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}

/// Changes the state of a user, which must be in the other one.
pub(super) async fn set_state(
    tx: &mut WriteTx,
    id: &UserId,
    etag: &str,
    state: UserState,
) -> Result<User, Error> {
    let (mut user, version) = users::find(tx.connection(), id)
        .await?
        .ok_or_else(|| Error::UserNotFound(id.name()))?;
    expect_etag(etag, version)?;
    if user.state() == state {
        return Err(Error::WrongState {
            name: user.name,
            state: match state {
                UserState::Active => "active",
                UserState::Deactivated | UserState::Unspecified => "deactivated",
            },
        });
    }
    user.set_state(state);
    Ok(users::update(tx, id, version, user).await?)
}
