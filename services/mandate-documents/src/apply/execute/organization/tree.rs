//! Units and resources.

use api::membership::v1::{
    BatchCreateResourcesRequest, BatchCreateUnitsRequest, CreateResourceRequest, CreateUnitRequest,
    Resource, Unit, UpdateResourceRequest, UpdateUnitRequest,
};

use super::{Caller, Halted, batches, call, id, send};
use crate::apply::Changes;

/// Creates and changes units, parents first.
pub(super) async fn units(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Unit>,
    token: &mut String,
) -> Result<(), Halted> {
    changes
        .change
        .retain(|change| caller.can_call(&change.fact));
    let requests = changes.create.into_iter().map(|unit| {
        let name = unit.name.clone();
        let request = CreateUnitRequest {
            unit_id: id(&name),
            unit: Some(unit),
            ..CreateUnitRequest::default()
        };
        (name, request)
    });
    let send = async |requests, only| {
        let request = BatchCreateUnitsRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateUnitsRequest::default()
        };
        let answer = send!(caller, only, Membership: organizations.batch_create_units(request))?;
        Ok(answer.consistency_token)
    };
    for batch in batches(requests.collect()) {
        if let Some(new) = caller.call_batch(batch, send).await? {
            *token = new;
        }
        // A second batch may refer to units of the first, which do not exist in a validating run.
        if caller.only {
            break;
        }
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateUnitRequest {
            update_mask: Some(change.mask()),
            unit: Some(change.fact),
            ..UpdateUnitRequest::default()
        };
        let answer = call!(caller, name, Membership: organizations.update_unit(request));
        *token = answer
            .map(|answer| answer.consistency_token)
            .unwrap_or_default();
    }
    Ok(())
}

/// Creates and changes resources.
pub(super) async fn resources(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Resource>,
    token: &mut String,
) -> Result<(), Halted> {
    changes.create.retain(|resource| caller.can_call(resource));
    changes
        .change
        .retain(|change| caller.can_call(&change.fact));
    let requests = changes.create.into_iter().map(|resource| {
        let name = resource.name.clone();
        let request = CreateResourceRequest {
            resource_id: id(&name),
            resource: Some(resource),
            ..CreateResourceRequest::default()
        };
        (name, request)
    });
    let send = async |requests, only| {
        let request = BatchCreateResourcesRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateResourcesRequest::default()
        };
        let answer =
            send!(caller, only, Membership: organizations.batch_create_resources(request))?;
        Ok(answer.consistency_token)
    };
    for batch in batches(requests.collect()) {
        if let Some(new) = caller.call_batch(batch, send).await? {
            *token = new;
        }
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateResourceRequest {
            update_mask: Some(change.mask()),
            resource: Some(change.fact),
            ..UpdateResourceRequest::default()
        };
        let answer = call!(caller, name, Membership: organizations.update_resource(request));
        *token = answer
            .map(|answer| answer.consistency_token)
            .unwrap_or_default();
    }
    Ok(())
}
