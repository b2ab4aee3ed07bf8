//! Suspends, reactivates and ends entitlements.

use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{
    EndEntitlementRequest, EndEntitlementResponse, Entitlement, EntitlementState,
    ReactivateEntitlementRequest, ReactivateEntitlementResponse, SuspendEntitlementRequest,
    SuspendEntitlementResponse,
};
use authz::{Context, Permit};
use entitlement_core::management;
use service::{expect_etag, parse};
use types::{ApplicationId, EntitlementId, Id, In, OrganizationId};

use super::{App, required_holders::Keepers, widening};
use crate::{
    error::Error,
    facts::FactKey,
    store::{
        entitlements::{self, Change},
        grants,
    },
};

/// Makes every grant on the application in the organization ineffective.
pub(crate) async fn suspend_entitlement(
    app: &App,
    context: &Context,
    request: SuspendEntitlementRequest,
) -> Result<SuspendEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    let permit = app
        .permit_for_organization(context, &name.organization)
        .await?;
    let mut response: SuspendEntitlementResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            tx.lock_log().await?;
            let change = Change::Suspend(request.reason());
            let changed = set(app, &mut tx, &name, &request.etag, change).await?;
            tx.finish(|consistency_token| SuspendEntitlementResponse {
                entitlement: Some(changed),
                consistency_token,
                ..SuspendEntitlementResponse::default()
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

/// Makes a suspended entitlement active again.
pub(crate) async fn reactivate_entitlement(
    app: &App,
    context: &Context,
    request: ReactivateEntitlementRequest,
) -> Result<ReactivateEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    let permit = app
        .permit_for_organization(context, &name.organization)
        .await?;
    let mut response: ReactivateEntitlementResponse =
        match app.store.begin(&permit, &request).await? {
            Turn::Repeat(response) => response,
            Turn::Write(mut tx) => {
                tx.lock_log().await?;
                let change = Change::Reactivate;
                let changed = set(app, &mut tx, &name, &request.etag, change).await?;
                let application = ApplicationId::parse_name(&changed.application);
                let application = application.map_err(Fault::internal)?;
                let organization = &name.organization;
                widening::by_entitlement(&tx, permit.holder(), organization, &application).await?;
                tx.finish(|consistency_token| ReactivateEntitlementResponse {
                    entitlement: Some(changed),
                    consistency_token,
                    ..ReactivateEntitlementResponse::default()
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

/// Ends an entitlement and revokes the grants under it.
pub(crate) async fn end_entitlement(
    app: &App,
    context: &Context,
    request: EndEntitlementRequest,
) -> Result<EndEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    let permit = app
        .permit_for_organization(context, &name.organization)
        .await?;
    let mut response: EndEntitlementResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let ended = end(app, &mut tx, &permit, &name, &request.etag).await?;
            tx.finish(|consistency_token| EndEntitlementResponse {
                entitlement: Some(ended),
                consistency_token,
                ..EndEntitlementResponse::default()
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

/// Ends an entitlement. Takes the log lock, because it writes grants.
pub(super) async fn end(
    app: &App,
    tx: &mut WriteTx,
    permit: &Permit,
    name: &In<EntitlementId>,
    etag: &str,
) -> Result<Entitlement, Error> {
    tx.lock_log().await?;
    let ended = set(app, tx, name, etag, Change::End).await?;
    let application = ApplicationId::parse_name(&ended.application).map_err(Fault::internal)?;
    end_grants(tx, permit, &name.organization, &application).await?;
    Ok(ended)
}

/// Revokes the grants on an application, and the access to administer it: an organization that
/// regains the application begins without grants.
pub(super) async fn end_grants(
    tx: &mut WriteTx,
    permit: &Permit,
    organization: &OrganizationId,
    application: &ApplicationId,
) -> Result<(), Error> {
    let by = permit.holder();
    let mut subjects = grants::leave_application(tx, organization, application, by).await?;
    subjects.extend(grants::revoke_of(tx, organization, application, by).await?);
    for subject in subjects {
        let piece = FactKey::Member(organization.clone(), subject.into());
        tx.emit(piece.entity(), Vec::new());
    }
    Ok(())
}

/// Changes an entitlement in a write that holds the log lock.
async fn set(
    app: &App,
    tx: &mut WriteTx,
    name: &In<EntitlementId>,
    presented: &str,
    change: Change,
) -> Result<Entitlement, Error> {
    let (organization, id) = (&name.organization, name.id.as_str());
    // Nobody could undo it.
    if *organization == OrganizationId::operator() && id == management::APPLICATION {
        return Err(Error::ApplicationBuiltIn);
    }
    let (found, version) = entitlements::find(tx.connection(), organization, id, tx.now())
        .await?
        .ok_or_else(|| Error::EntitlementNotFound(name.to_string()))?;
    expect_etag(presented, version)?;
    let state = match (found.state(), change) {
        (EntitlementState::Ended, _) => Some("ended"),
        (EntitlementState::Active, Change::Reactivate) => Some("active"),
        (EntitlementState::Suspended, Change::Suspend(_)) => Some("suspended"),
        _ => None,
    };
    if let Some(state) = state {
        return Err(Error::WrongState {
            name: found.name,
            state,
        });
    }
    // Without it nobody in the organization manages anything.
    if id == management::APPLICATION && !matches!(change, Change::Reactivate) {
        Keepers::read(app, tx, organization).await?.without_all()?;
    }
    let changed = entitlements::change(tx, organization, id, version, change).await?;
    tx.emit(
        FactKey::Organization(organization.clone()).entity(),
        Vec::new(),
    );
    Ok(changed)
}
