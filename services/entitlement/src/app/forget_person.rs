use ::store::Turn;
use api::entitlement::v1::{ForgetPersonRequest, ForgetPersonResponse};
use authz::Context;
use service::parse;
use types::UserId;

use super::App;
use crate::error::Error;

/// Erases a person from the audit log (crypto-shredding).
pub(crate) async fn forget_person(
    app: &App,
    context: &Context,
    request: ForgetPersonRequest,
) -> Result<ForgetPersonResponse, Error> {
    parse("name", &request.name, UserId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    tx.forget(&request.name).await?;
    Ok(tx
        .finish(|consistency_token| ForgetPersonResponse { consistency_token })
        .await?)
}
