use ::rpc::{Credential, Fault};
use api::identity::v1::{VerifyOidcIdentityRequest, VerifyOidcIdentityResponse};
use authz::Context;

use super::{App, oidc_identity::oidc_identity};
use crate::{error::Error, keys::StoredKeys};

/// Returns the service account of a verified token.
pub(crate) async fn verify_oidc_identity(
    app: &App,
    context: &Context,
    request: VerifyOidcIdentityRequest,
) -> Result<VerifyOidcIdentityResponse, Error> {
    app.permit(context).await?;
    let identity = oidc_identity("oidc", &request.oidc.unwrap_or_default())?;
    let keys = StoredKeys(app.store.clone());
    let owner = keys.owner(Credential::Oidc(&identity)).await?;
    let owner = owner.ok_or_else(Fault::unauthenticated)?;
    Ok(VerifyOidcIdentityResponse {
        service_account: owner.name.to_string(),
    })
}
