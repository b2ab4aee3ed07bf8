use ::rpc::Fault;
use ::store::Turn;
use api::identity::v1::{BatchCreateUsersRequest, BatchCreateUsersResponse};
use authz::Context;

use super::{
    App,
    create_user::{insert, new_user},
};
use crate::error::Error;

/// Creates users, all or none.
pub(crate) async fn batch_create_users(
    app: &App,
    context: &Context,
    request: BatchCreateUsersRequest,
) -> Result<BatchCreateUsersResponse, Error> {
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let new = request
        .requests
        .into_iter()
        .enumerate()
        .map(|(index, request)| {
            let at = format!("requests[{index}].");
            if !request.request_id.is_empty() || request.validate_only {
                return Err(Fault::field(at, "is part of a batch"));
            }
            new_user(request, &at)
        })
        .collect::<Result<_, _>>()?;
    let users = insert(&mut tx, new).await?;
    Ok(tx
        .finish(|consistency_token| BatchCreateUsersResponse {
            users,
            consistency_token,
        })
        .await?)
}
