use ::rpc::Fault;
use api::membership::v1::{GetOrganizationRequest, GetOrganizationResponse};
use authz::{Context, Reach};
use service::parse;
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::organizations};

/// Returns one organization.
pub(crate) async fn get_organization(
    app: &App,
    context: &Context,
    request: GetOrganizationRequest,
) -> Result<GetOrganizationResponse, Error> {
    let id = parse("name", &request.name, OrganizationId::parse_name)?;
    let reach = Reach::Organization(&id);
    app.authority.authorize(context, reach).await?;
    let (organization, _) = organizations::find(app.store.reader(), &id)
        .await?
        .ok_or_else(Fault::denied)?;
    Ok(GetOrganizationResponse {
        organization: Some(organization),
    })
}
