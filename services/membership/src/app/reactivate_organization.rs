use ::store::Turn;
use api::{
    common::v1::Propagation,
    membership::v1::{ReactivateOrganizationRequest, ReactivateOrganizationResponse},
};
use authz::Context;
use membership_core::Verb;
use service::parse;
use types::OrganizationId;

use super::{App, change_state::change_organization};
use crate::error::Error;

/// Reactivates a suspended organization; returns once the change has propagated.
pub(crate) async fn reactivate_organization(
    app: &App,
    context: &Context,
    request: ReactivateOrganizationRequest,
) -> Result<ReactivateOrganizationResponse, Error> {
    let id = parse("name", &request.name, OrganizationId::parse_name)?;
    let permit = app.permit(context, &id).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let organization =
                change_organization(&mut tx, &id, &request.etag, Verb::Reactivate).await?;
            app.check_restoration(context, &permit, (&id, "")).await?;
            tx.finish(|consistency_token| ReactivateOrganizationResponse {
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
