use ::rpc::Fault;
use ::store::{StoreError, Turn};
use api::identity::v1::{CreateServiceAccountRequest, CreateServiceAccountResponse};
use authz::Context;
use types::{Id, ServiceAccountId};

use super::{App, id_or_new};
use crate::{error::Error, store::service_accounts};

/// Creates a service account.
pub(crate) async fn create_service_account(
    app: &App,
    context: &Context,
    request: CreateServiceAccountRequest,
) -> Result<CreateServiceAccountResponse, Error> {
    let permit = app.permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let id = ServiceAccountId::parse(&id_or_new(&request.service_account_id, 's'))
        .map_err(|error| Fault::field("service_account_id", error.to_string()))?;
    let account = request.service_account.unwrap_or_default();
    let account = match service_accounts::insert(&mut tx, &id, &account).await {
        Err(StoreError::Duplicate(_)) => return Err(Error::ServiceAccountExists(id.name())),
        other => other?,
    };
    Ok(tx
        .finish(|consistency_token| CreateServiceAccountResponse {
            service_account: Some(account),
            consistency_token,
        })
        .await?)
}
