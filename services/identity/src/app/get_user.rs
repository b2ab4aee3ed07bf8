use api::identity::v1::{GetUserRequest, GetUserResponse};
use authz::Context;
use service::parse;
use types::UserId;

use super::App;
use crate::{error::Error, store::users};

/// Returns one user.
pub(crate) async fn get_user(
    app: &App,
    context: &Context,
    request: GetUserRequest,
) -> Result<GetUserResponse, Error> {
    let id = parse("name", &request.name, UserId::parse_name)?;
    app.permit(context).await?;
    let (user, _) = users::find(app.store.reader(), &id)
        .await?
        .ok_or(Error::UserNotFound(request.name))?;
    Ok(GetUserResponse { user: Some(user) })
}
