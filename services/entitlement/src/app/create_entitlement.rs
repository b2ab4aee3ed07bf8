use ::rpc::{Fault, moment, parse};
use ::store::{StoreError, Turn};
use api::entitlement::v1::{CreateEntitlementRequest, CreateEntitlementResponse};
use authority::Context;
use base::{ApplicationId, Id, Millis, OrganizationId};

use super::App;
use crate::{
    error::Error,
    facts::Piece,
    store::{applications, entitlements, organizations},
};

/// States that an organization has an application.
pub(crate) async fn create_entitlement(
    app: &App,
    context: &Context,
    request: CreateEntitlementRequest,
) -> Result<CreateEntitlementResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_in(context, &organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let response: CreateEntitlementResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let asked = request.entitlement.unwrap_or_default();
            let application = parse(
                "entitlement.application",
                &asked.application,
                ApplicationId::parse_name,
            )?;
            let id = request.entitlement_id.as_str();
            if !id.is_empty() && id != application.as_str() {
                return Err(Fault::field("entitlement_id", "is that of the application").into());
            }
            let start = asked.start_time.as_ref();
            let start = moment("entitlement.start_time", start, Millis::MIN)?;
            let end = moment("entitlement.end_time", asked.end_time.as_ref(), Millis::MAX)?;
            if end <= start {
                return Err(Fault::field("entitlement.end_time", "must be after the start").into());
            }
            if organizations::find(tx.connection(), &organization)
                .await?
                .is_none()
            {
                return Err(Fault::denied().into());
            }
            if applications::find(tx.connection(), &application)
                .await?
                .is_none()
            {
                return Err(Error::ApplicationNotFound(asked.application));
            }
            let inserted =
                entitlements::insert(&tx, &organization, &application, (start, end)).await;
            let inserted = match inserted {
                Err(StoreError::Duplicate(_)) => {
                    return Err(Error::EntitlementExists(asked.application));
                }
                other => other?,
            };
            tx.emit(Piece::Organization(organization).entity(), Vec::new());
            tx.finish(|consistency_token| CreateEntitlementResponse {
                entitlement: Some(inserted),
                consistency_token,
            })
            .await?
        }
    };
    app.settle(context, &response.consistency_token).await;
    Ok(response)
}
