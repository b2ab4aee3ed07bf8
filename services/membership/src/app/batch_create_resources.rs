use ::store::Turn;
use api::membership::v1::{BatchCreateResourcesRequest, BatchCreateResourcesResponse};
use authz::Context;
use service::parse;
use types::OrganizationId;

use super::{
    App,
    create_resource::{insert, new_resource},
    reference::check_part,
};
use crate::error::Error;

/// Creates resources, all or none.
pub(crate) async fn batch_create_resources(
    app: &App,
    context: &Context,
    request: BatchCreateResourcesRequest,
) -> Result<BatchCreateResourcesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let parts = request.requests.into_iter().enumerate();
    let new = parts
        .map(|(index, part)| {
            let at = format!("requests[{index}].");
            check_part(&at, &part, &part.parent, &request.parent)?;
            new_resource(&organization, part, &at)
        })
        .collect::<Result<_, _>>()?;
    let resources = insert(&mut tx, &organization, new).await?;
    Ok(tx
        .finish(|consistency_token| BatchCreateResourcesResponse {
            resources,
            consistency_token,
        })
        .await?)
}
