use std::collections::HashSet;

use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::membership::v1::{CreateResourceRequest, CreateResourceResponse, Resource};
use authz::Context;
use membership_core::{check_external_id, check_type};
use service::parse;
use types::{Id, In, OrganizationId, ResourceId};

use super::{App, id_or_new, reference::unit_of};
use crate::{
    error::Error,
    store::{
        resources::{self, NewResource},
        units,
    },
};

/// Creates a resource.
pub(crate) async fn create_resource(
    app: &App,
    context: &Context,
    request: CreateResourceRequest,
) -> Result<CreateResourceResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let new = new_resource(&organization, request, "")?;
    let resource = insert(&mut tx, &organization, vec![new]).await?.pop();
    Ok(tx
        .finish(|consistency_token| CreateResourceResponse {
            resource,
            consistency_token,
        })
        .await?)
}

/// Validates a resource to create; `at` is the path of the request in the call.
pub(super) fn new_resource(
    organization: &OrganizationId,
    request: CreateResourceRequest,
    at: &str,
) -> Result<NewResource, Fault> {
    let resource = request.resource.unwrap_or_default();
    check_type(&resource.r#type)
        .map_err(|error| Fault::field(format!("{at}resource.type"), error.to_string()))?;
    check_external_id(&resource.external_id)
        .map_err(|error| Fault::field(format!("{at}resource.external_id"), error.to_string()))?;
    let id = ResourceId::parse(&id_or_new(&request.resource_id, 'r'))
        .map_err(|error| Fault::field(format!("{at}resource_id"), error.to_string()))?;
    let field = format!("{at}resource.unit");
    let unit = unit_of(organization, &field, &resource.unit)?;
    Ok(NewResource { id, unit, resource })
}

/// Inserts resources, all or none.
pub(super) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    resources: Vec<NewResource>,
) -> Result<Vec<Resource>, Error> {
    let needed: HashSet<&str> = resources.iter().map(|new| new.unit.as_str()).collect();
    let existing = units::existing(tx.connection(), organization, &needed).await?;
    if let Some(new) = resources
        .iter()
        .find(|new| !existing.contains(new.unit.as_str()))
    {
        return Err(Error::UnitNotFound(new.resource.unit.clone()));
    }
    let taken = resources::first_existing(tx.connection(), organization, &resources).await?;
    if let Some(id) = taken {
        let organization = organization.clone();
        return Err(Error::ResourceExists(In { organization, id }.to_string()));
    }
    match resources::insert(tx, organization, resources).await {
        // The ids were free, so an external id exists, or an id is twice in the batch.
        Err(StoreError::Duplicate(_)) => Err(Error::ResourcesAlike),
        // Somebody else has just deleted the unit.
        Err(StoreError::Reference(_)) => Err(StoreError::Stale.into()),
        other => Ok(other?),
    }
}
