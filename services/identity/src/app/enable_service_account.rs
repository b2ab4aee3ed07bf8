use ::store::Turn;
use api::identity::v1::{EnableServiceAccountRequest, EnableServiceAccountResponse};
use authz::Context;
use service::parse;
use types::ServiceAccountId;

use super::{App, disable_service_account::set_active};
use crate::error::Error;

/// Enables a disabled service account; returns once the change has propagated.
pub(crate) async fn enable_service_account(
    app: &App,
    context: &Context,
    request: EnableServiceAccountRequest,
) -> Result<EnableServiceAccountResponse, Error> {
    let id = parse("name", &request.name, ServiceAccountId::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response: EnableServiceAccountResponse =
        match app.store.begin(&permit, &request).await? {
            Turn::Repeat(response) => response,
            Turn::Write(mut tx) => {
                let account = set_active(&mut tx, &id, &request.etag, true).await?;
                app.check_can_grant(context, &permit, &account.name).await?;
                tx.finish(|consistency_token| EnableServiceAccountResponse {
                    service_account: Some(account),
                    consistency_token,
                    ..EnableServiceAccountResponse::default()
                })
                .await?
            }
        };
    let token = &response.consistency_token;
    let propagation = app.entitlement.propagated(context, token).await;
    response.set_propagation(propagation);
    Ok(response)
}
