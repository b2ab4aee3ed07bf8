use ::store::Turn;
use api::{
    common::v1::Propagation,
    membership::v1::{SuspendOrganizationRequest, SuspendOrganizationResponse},
};
use authz::Context;
use membership_core::Verb;
use service::parse;
use types::OrganizationId;

use super::{App, change_state::change_organization};
use crate::error::Error;

/// Suspends an organization, so that no access in it is in force; returns once the change has
/// propagated.
pub(crate) async fn suspend_organization(
    app: &App,
    context: &Context,
    request: SuspendOrganizationRequest,
) -> Result<SuspendOrganizationResponse, Error> {
    let id = parse("name", &request.name, OrganizationId::parse_name)?;
    let permit = app.permit(context, &id).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let organization =
                change_organization(&mut tx, &id, &request.etag, Verb::Suspend).await?;
            tx.finish(|consistency_token| SuspendOrganizationResponse {
                organization: Some(organization),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    response.propagation = app.propagated(context, token).await;
    Ok(response)
}
