use ::store::Turn;
use api::identity::v1::{ReactivateUserRequest, ReactivateUserResponse, UserState};
use authz::Context;
use service::parse;
use types::UserId;

use super::{App, deactivate_user::set_state};
use crate::error::Error;

/// Reactivates a deactivated user; returns once the change has propagated.
pub(crate) async fn reactivate_user(
    app: &App,
    context: &Context,
    request: ReactivateUserRequest,
) -> Result<ReactivateUserResponse, Error> {
    let id = parse("name", &request.name, UserId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response: ReactivateUserResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let user = set_state(&mut tx, &id, &request.etag, UserState::Active).await?;
            app.check_can_grant(context, &permit, &user.name).await?;
            tx.finish(|consistency_token| ReactivateUserResponse {
                user: Some(user),
                consistency_token,
                ..ReactivateUserResponse::default()
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}
