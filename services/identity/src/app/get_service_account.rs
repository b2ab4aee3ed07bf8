use api::identity::v1::{GetServiceAccountRequest, GetServiceAccountResponse};
use authz::Context;
use service::parse;
use types::ServiceAccountId;

use super::App;
use crate::{error::Error, store::service_accounts};

/// Returns one service account.
pub(crate) async fn get_service_account(
    app: &App,
    context: &Context,
    request: GetServiceAccountRequest,
) -> Result<GetServiceAccountResponse, Error> {
    let id = parse("name", &request.name, ServiceAccountId::parse_name)?;
    app.permit(context).await?;
    let (account, _) = service_accounts::find(app.store.reader(), &id)
        .await?
        .ok_or(Error::ServiceAccountNotFound(request.name))?;
    Ok(GetServiceAccountResponse {
        service_account: Some(account),
    })
}
