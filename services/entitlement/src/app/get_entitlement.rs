use api::entitlement::v1::{GetEntitlementRequest, GetEntitlementResponse};
use authz::Context;
use service::parse;
use types::{EntitlementId, Id, In};

use super::App;
use crate::{error::Error, store::entitlements};

/// Returns one entitlement.
pub(crate) async fn get_entitlement(
    app: &App,
    context: &Context,
    request: GetEntitlementRequest,
) -> Result<GetEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    app.permit_for_organization(context, &name.organization)
        .await?;
    let (db, now) = (app.store.reader(), app.engine.clock.now());
    let (entitlement, _) = entitlements::find(db, &name.organization, name.id.as_str(), now)
        .await?
        .ok_or(Error::EntitlementNotFound(request.name))?;
    Ok(GetEntitlementResponse {
        entitlement: Some(entitlement),
    })
}
