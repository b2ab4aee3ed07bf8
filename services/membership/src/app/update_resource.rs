use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{Resource, UpdateResourceRequest, UpdateResourceResponse},
};
use authz::Context;
use service::{expect_etag, parse};
use types::{In, ResourceId};

use super::{App, moved::Moved, reference::unit_of};
use crate::{error::Error, store::resources};

/// Changes the fields that the mask names; returns once the change has propagated.
pub(crate) async fn update_resource(
    app: &App,
    context: &Context,
    request: UpdateResourceRequest,
) -> Result<UpdateResourceResponse, Error> {
    let new = request.resource.clone().unwrap_or_default();
    let name = parse("resource.name", &new.name, In::<ResourceId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let paths = request.update_mask.unwrap_or_default().paths;
            let (resource, moved) = update(&mut tx, &name, new, &paths).await?;
            app.check_relocation(context, &permit, &name.organization, moved)
                .await?;
            tx.finish(|consistency_token| UpdateResourceResponse {
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

async fn update(
    tx: &mut WriteTx,
    name: &In<ResourceId>,
    new: Resource,
    paths: &[String],
) -> Result<(Resource, Option<Moved>), Error> {
    let (mut resource, version) = resources::find(tx.connection(), name)
        .await?
        .ok_or(Error::ResourceNotFound(new.name))?;
    expect_etag(&new.etag, version)?;
    let unit_before = unit_of(&name.organization, "resource.unit", &resource.unit)?;
    for path in paths {
        match path.as_str() {
            "display_name" => resource.display_name.clone_from(&new.display_name),
            "unit" => resource.unit.clone_from(&new.unit),
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    let unit = unit_of(&name.organization, "resource.unit", &resource.unit)?;
    let (from, to) = (Some(&unit_before), Some(&unit));
    let moved = Moved::of(tx, &name.organization, name.to_string(), (from, to)).await?;
    match resources::update(tx, name, version, resource.display_name, &unit).await {
        Err(StoreError::Reference(_)) => Err(Error::UnitNotFound(resource.unit)),
        other => Ok((other?, moved)),
    }
}
