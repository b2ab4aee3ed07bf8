use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{DeleteResourceRequest, DeleteResourceResponse, Resource},
};
use authz::Context;
use service::{expect_etag, parse};
use types::{In, ResourceId};

use super::App;
use crate::{error::Error, store::resources};

/// Deletes a resource; returns once the change has propagated.
pub(crate) async fn delete_resource(
    app: &App,
    context: &Context,
    request: DeleteResourceRequest,
) -> Result<DeleteResourceResponse, Error> {
    let name = parse("name", &request.name, In::<ResourceId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let resource = delete(&mut tx, &name, &request.etag).await?;
            tx.finish(|consistency_token| DeleteResourceResponse {
                resource: Some(resource),
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

async fn delete(tx: &mut WriteTx, name: &In<ResourceId>, etag: &str) -> Result<Resource, Error> {
    let (resource, version) = resources::find(tx.connection(), name)
        .await?
        .ok_or_else(|| Error::ResourceNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    resources::delete(tx, name, version).await?;
    Ok(resource)
}
