//! Units and resources.

use api::membership::v1::{
    BatchCreateResourcesRequest, BatchCreateUnitsRequest, CreateResourceRequest, CreateUnitRequest,
    Resource, Unit, UpdateResourceRequest, UpdateUnitRequest,
};

use super::{Caller, batches, call, id};
use crate::apply::{ApplyError, Changes};

/// Creates and changes units, those above before those below.
pub(super) async fn units(
    caller: &Caller,
    parent: &str,
    changes: Changes<Unit>,
    token: &mut String,
) -> Result<(), ApplyError> {
    let requests = changes.create.into_iter().map(|unit| CreateUnitRequest {
        unit_id: id(&unit.name),
        unit: Some(unit),
        ..CreateUnitRequest::default()
    });
    for requests in batches(requests.collect()) {
        let count = requests.len();
        let request = BatchCreateUnitsRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateUnitsRequest::default()
        };
        let answer = call!(caller, Membership: organizations.batch_create_units(request));
        *token = answer.consistency_token;
        caller.done(count);
    }
    for change in changes.change {
        let request = UpdateUnitRequest {
            update_mask: Some(change.mask()),
            unit: Some(change.fact),
            ..UpdateUnitRequest::default()
        };
        let answer = call!(caller, Membership: organizations.update_unit(request));
        *token = answer.consistency_token;
        caller.done(1);
    }
    Ok(())
}

/// Creates and changes resources.
pub(super) async fn resources(
    caller: &Caller,
    parent: &str,
    changes: Changes<Resource>,
    token: &mut String,
) -> Result<(), ApplyError> {
    let requests = changes
        .create
        .into_iter()
        .map(|resource| CreateResourceRequest {
            resource_id: id(&resource.name),
            resource: Some(resource),
            ..CreateResourceRequest::default()
        });
    for requests in batches(requests.collect()) {
        let count = requests.len();
        let request = BatchCreateResourcesRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateResourcesRequest::default()
        };
        let answer = call!(caller, Membership: organizations.batch_create_resources(request));
        *token = answer.consistency_token;
        caller.done(count);
    }
    for change in changes.change {
        let request = UpdateResourceRequest {
            update_mask: Some(change.mask()),
            resource: Some(change.fact),
            ..UpdateResourceRequest::default()
        };
        let answer = call!(caller, Membership: organizations.update_resource(request));
        *token = answer.consistency_token;
        caller.done(1);
    }
    Ok(())
}
