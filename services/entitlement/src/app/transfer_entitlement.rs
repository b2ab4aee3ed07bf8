use ::rpc::Fault;
use ::store::Turn;
use api::entitlement::v1::{TransferEntitlementRequest, TransferEntitlementResponse};
use authz::Context;
use service::{moment, parse};
use types::{ApplicationId, EntitlementId, Id, In, OrganizationId, UnixTime};

use super::{App, change_entitlement::end, create_entitlement::give};
use crate::{error::Error, store::entitlements};

/// Ends an entitlement and entitles another organization to the rest of it, in one transaction: at
/// no time do both have it, or neither.
pub(crate) async fn transfer_entitlement(
    app: &App,
    context: &Context,
    request: TransferEntitlementRequest,
) -> Result<TransferEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    let to = parse(
        "destination",
        &request.destination,
        OrganizationId::parse_name,
    )?;
    if to == name.organization {
        return Err(Fault::field("destination", "must be another organization").into());
    }
    app.permit_for_organization(context, &name.organization)
        .await?;
    let permit = app.permit_for_organization(context, &to).await?;
    let mut response: TransferEntitlementResponse = match app.store.begin(&permit, &request).await?
    {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            tx.lock_log().await?;
            let (db, id) = (tx.connection(), name.id.as_str());
            let found = entitlements::find(db, &name.organization, id, tx.now()).await?;
            let (before, _) = found.ok_or_else(|| Error::EntitlementNotFound(name.to_string()))?;
            end(app, &mut tx, &permit, &name, &request.etag).await?;
            let start = moment("start_time", before.start_time.as_ref(), UnixTime::MIN)?;
            let until = moment("end_time", before.end_time.as_ref(), UnixTime::MAX)?;
            let application = ApplicationId::parse_name(&before.application);
            let application = application.map_err(Fault::internal)?;
            let given = give(&mut tx, &permit, &to, &application, (start, until)).await?;
            tx.finish(|consistency_token| TransferEntitlementResponse {
                entitlement: Some(given),
                consistency_token,
                ..TransferEntitlementResponse::default()
            })
            .await?
        }
    };
    let propagation = app
        .await_propagation(context, &response.consistency_token)
        .await;
    response.set_propagation(propagation);
    Ok(response)
}
