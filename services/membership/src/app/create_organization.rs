use ::rpc::Fault;
use ::store::{StoreError, Turn};
use api::membership::v1::{CreateOrganizationRequest, CreateOrganizationResponse};
use authz::Context;
use service::required;
use types::{Id, OrganizationId};

use super::{App, id_or_new};
use crate::{error::Error, store::organizations};

/// Creates an organization.
pub(crate) async fn create_organization(
    app: &App,
    context: &Context,
    request: CreateOrganizationRequest,
) -> Result<CreateOrganizationResponse, Error> {
    let permit = app.operator_permit(context).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let id = OrganizationId::parse(&id_or_new(&request.organization_id, 'o'))
        .map_err(|error| Fault::field("organization_id", error.to_string()))?;
    let organization = request.organization.unwrap_or_default();
    required("organization.display_name", &organization.display_name)?;
    let organization = match organizations::insert(&mut tx, &id, organization).await {
        Err(StoreError::Duplicate(_)) => return Err(Error::OrganizationExists(id.name())),
        other => other?,
    };
    Ok(tx
        .finish(|consistency_token| CreateOrganizationResponse {
            organization: Some(organization),
            consistency_token,
        })
        .await?)
}
