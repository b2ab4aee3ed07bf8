//! Suspending and reactivating entitlements.

use ::rpc::{expect_etag, parse};
use ::store::Turn;
use ::store::WriteTx;
use api::entitlement::v1::{
    Entitlement, EntitlementState, ReactivateEntitlementRequest, ReactivateEntitlementResponse,
    SuspendEntitlementRequest, SuspendEntitlementResponse,
};
use authority::Context;
use base::{EntitlementId, Id, In};

use super::App;
use crate::{error::Error, facts::Piece, store::entitlements};

/// Makes every grant on the application in the organization ineffective.
pub(crate) async fn suspend_entitlement(
    app: &App,
    context: &Context,
    request: SuspendEntitlementRequest,
) -> Result<SuspendEntitlementResponse, Error> {
    let name = parse("name", &request.name, In::<EntitlementId>::parse_name)?;
    let permit = app.permit_in(context, &name.organization).await?;
    let mut response: SuspendEntitlementResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let changed = set_active(&mut tx, &name, &request.etag, false).await?;
            tx.finish(|consistency_token| SuspendEntitlementResponse {
                entitlement: Some(changed),
                consistency_token,
                ..SuspendEntitlementResponse::default()
            })
            .await?
        }
    };
    let propagation = app.settle(context, &response.consistency_token).await;
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
    let permit = app.permit_in(context, &name.organization).await?;
    let mut response: ReactivateEntitlementResponse =
        match app.store.begin(&permit, &request).await? {
            Turn::Repeat(response) => response,
            Turn::Write(mut tx) => {
                let changed = set_active(&mut tx, &name, &request.etag, true).await?;
                tx.finish(|consistency_token| ReactivateEntitlementResponse {
                    entitlement: Some(changed),
                    consistency_token,
                    ..ReactivateEntitlementResponse::default()
                })
                .await?
            }
        };
    let propagation = app.settle(context, &response.consistency_token).await;
    response.set_propagation(propagation);
    Ok(response)
}

async fn set_active(
    tx: &mut WriteTx,
    name: &In<EntitlementId>,
    presented: &str,
    active: bool,
) -> Result<Entitlement, Error> {
    let (organization, id) = (&name.organization, name.id.as_str());
    let (found, version) = entitlements::find(tx.connection(), organization, id)
        .await?
        .ok_or_else(|| Error::EntitlementNotFound(name.to_string()))?;
    expect_etag(presented, version)?;
    if (found.state() == EntitlementState::Active) == active {
        return Err(Error::WrongState {
            name: found.name,
            state: if active { "active" } else { "suspended" },
        });
    }
    let changed = entitlements::set_active(tx, organization, id, version, active).await?;
    tx.emit(
        Piece::Organization(organization.clone()).entity(),
        Vec::new(),
    );
    Ok(changed)
}
