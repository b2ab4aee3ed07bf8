use ::rpc::{Credential, Fault};
use api::identity::v1::{VerifyServiceAccountKeyRequest, VerifyServiceAccountKeyResponse};
use authz::Context;

use super::App;
use crate::{error::Error, keys::StoredKeys};

/// Returns the service account of a key.
pub(crate) async fn verify_service_account_key(
    app: &App,
    context: &Context,
    request: VerifyServiceAccountKeyRequest,
) -> Result<VerifyServiceAccountKeyResponse, Error> {
    app.permit(context).await?;
    let keys = StoredKeys(app.store.clone());
    let owner = keys.owner(Credential::Secret(&request.secret)).await?;
    let owner = owner.ok_or_else(Fault::unauthenticated)?;
    Ok(VerifyServiceAccountKeyResponse {
        service_account: owner.name.to_string(),
    })
}
