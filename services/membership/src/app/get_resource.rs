use api::membership::v1::{GetResourceRequest, GetResourceResponse};
use authz::Context;
use service::parse;
use types::{In, ResourceId};

use super::App;
use crate::{error::Error, store::resources};

/// Returns one resource.
pub(crate) async fn get_resource(
    app: &App,
    context: &Context,
    request: GetResourceRequest,
) -> Result<GetResourceResponse, Error> {
    let name = parse("name", &request.name, In::<ResourceId>::parse_name)?;
    app.permit(context, &name.organization).await?;
    let (resource, _) = resources::find(app.store.reader(), &name)
        .await?
        .ok_or(Error::ResourceNotFound(request.name))?;
    Ok(GetResourceResponse {
        resource: Some(resource),
    })
}
