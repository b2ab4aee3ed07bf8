use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{
    CreateEntitlementRequest, CreateEntitlementResponse, Entitlement, EntitlementState,
};
use authz::{Context, Permit};
use entitlement_core::management;
use service::{moment, parse};
use types::{ApplicationId, Id, OrganizationId, UnixTime};

use super::{App, change_entitlement::end_grants, widening};
use crate::{
    error::Error,
    facts::FactKey,
    store::{applications, entitlements, organizations},
};

/// Entitles an organization to an application.
pub(crate) async fn create_entitlement(
    app: &App,
    context: &Context,
    request: CreateEntitlementRequest,
) -> Result<CreateEntitlementResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_for_organization(context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
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
            let start = moment("entitlement.start_time", start, UnixTime::MIN)?;
            let end = moment(
                "entitlement.end_time",
                asked.end_time.as_ref(),
                UnixTime::MAX,
            )?;
            if end <= start {
                return Err(Fault::field("entitlement.end_time", "must be after the start").into());
            }
            // Management access in the organization lasts only as long as this entitlement.
            if application.as_str() == management::APPLICATION && end != UnixTime::MAX {
                let only = "must be absent: an organization keeps an owner";
                return Err(Fault::field("entitlement.end_time", only).into());
            }
            if applications::find(tx.connection(), &application)
                .await?
                .is_none()
            {
                return Err(Error::ApplicationNotFound(asked.application));
            }
            let window = (start, end);
            let inserted = give(&mut tx, &permit, &organization, &application, window).await?;
            tx.finish(|consistency_token| CreateEntitlementResponse {
                entitlement: Some(inserted),
                consistency_token,
            })
            .await?
        }
    };
    app.await_propagation(context, &response.consistency_token)
        .await;
    Ok(response)
}

/// Creates an entitlement of an organization that has none to the application.
pub(super) async fn give(
    tx: &mut WriteTx,
    permit: &Permit,
    organization: &OrganizationId,
    application: &ApplicationId,
    window: (UnixTime, UnixTime),
) -> Result<Entitlement, Error> {
    tx.lock_log().await?;
    let (db, now) = (tx.connection(), tx.now());
    if organizations::find(db, organization).await?.is_none() {
        return Err(Fault::denied().into());
    }
    let found = entitlements::find(db, organization, application.as_str(), now).await?;
    if let Some((found, _)) = found {
        if found.state() != EntitlementState::Ended {
            return Err(Error::EntitlementExists(found.application));
        }
        end_grants(tx, permit, organization, application).await?;
        entitlements::delete(tx, organization, application.as_str()).await?;
    }
    widening::by_entitlement(tx, permit.holder(), organization, application).await?;
    let inserted = entitlements::insert(tx, organization, application, window).await?;
    let piece = FactKey::Organization(organization.clone());
    tx.emit(piece.entity(), Vec::new());
    Ok(inserted)
}
