use ::store::Turn;
use api::{
    common::v1::Propagation,
    identity::v1::{DeleteServiceAccountKeyRequest, DeleteServiceAccountKeyResponse},
};
use authz::Context;
use service::{expect_etag, parse};
use types::KeyName;

use super::App;
use crate::{error::Error, store::keys};

/// Deletes a key permanently; returns once no service accepts it.
pub(crate) async fn delete_service_account_key(
    app: &App,
    context: &Context,
    request: DeleteServiceAccountKeyRequest,
) -> Result<DeleteServiceAccountKeyResponse, Error> {
    let name = parse("name", &request.name, KeyName::parse_name)?;
    let permit = app.permit(context).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let key = keys::find(tx.connection(), &name)
                .await?
                .ok_or(Error::KeyNotFound(request.name))?;
            expect_etag(&request.etag, 1)?;
            keys::delete(&mut tx, &name).await?;
            app.check_can_revoke(context, &permit, &name.service_account.name())
                .await?;
            tx.finish(|consistency_token| DeleteServiceAccountKeyResponse {
                key: Some(key),
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
