use ::rpc::{expect_etag, parse};
use ::store::Turn;
use api::{
    common::v1::Propagation,
    identity::v1::{ReactivateUserRequest, ReactivateUserResponse, UserState},
};
use authority::Context;
use base::UserId;

use super::App;
use crate::{error::Error, store::users};

/// Makes a deactivated user active again; returns once every later check sees it.
pub(crate) async fn reactivate_user(
    app: &App,
    context: &Context,
    request: ReactivateUserRequest,
) -> Result<ReactivateUserResponse, Error> {
    let id = parse("name", &request.name, UserId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let (mut user, version) = users::find(tx.connection(), &id)
                .await?
                .ok_or(Error::UserNotFound(request.name))?;
            expect_etag(&request.etag, version)?;
            if user.state() != UserState::Deactivated {
                return Err(Error::WrongState {
                    name: user.name,
                    state: "active",
                });
            }
            user.set_state(UserState::Active);
            let user = users::update(&mut tx, &id, version, user).await?;
            tx.finish(|consistency_token| ReactivateUserResponse {
                user: Some(user),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}
