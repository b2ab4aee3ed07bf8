//! Entitlements, roles and grants.

use api::entitlement::v1::{
    BatchCreateGrantsRequest, CreateCustomRoleRequest, CreateEntitlementRequest,
    CreateGrantRequest, CustomRole, Entitlement, EntitlementState, Grant, UpdateCustomRoleRequest,
    UpdateGrantRequest,
};

use super::{Caller, batches, call, id};
use crate::apply::{ApplyError, Changes, StateChange};

/// Creates entitlements; nothing of them can be changed but the state. Those that have ended have
/// none to go to: returns the changes of the others.
pub(super) async fn entitlements(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Entitlement>,
    token: &str,
) -> Result<Vec<StateChange>, ApplyError> {
    for entitlement in changes.create {
        let request = CreateEntitlementRequest {
            parent: parent.to_owned(),
            entitlement_id: id(&entitlement.name),
            entitlement: Some(entitlement),
            consistency_token: token.to_owned(),
            ..CreateEntitlementRequest::default()
        };
        let answer = call!(caller, Entitlement: grants.create_entitlement(request));
        caller.done(1);
        let created = answer.entitlement.unwrap_or_default();
        if created.state() == EntitlementState::Ended {
            let all = changes.states.len();
            changes.states.retain(|state| state.name != created.name);
            caller.done(all - changes.states.len());
        }
    }
    Ok(changes.states)
}

/// Creates and changes the organization's own roles.
pub(super) async fn custom_roles(
    caller: &Caller,
    parent: &str,
    changes: Changes<CustomRole>,
    token: &str,
) -> Result<(), ApplyError> {
    for role in changes.create {
        let request = CreateCustomRoleRequest {
            parent: parent.to_owned(),
            custom_role_id: id(&role.name),
            custom_role: Some(role),
            consistency_token: token.to_owned(),
            ..CreateCustomRoleRequest::default()
        };
        call!(caller, Entitlement: custom_roles.create_custom_role(request));
        caller.done(1);
    }
    for change in changes.change {
        let request = UpdateCustomRoleRequest {
            update_mask: Some(change.mask()),
            custom_role: Some(change.fact),
            consistency_token: token.to_owned(),
            ..UpdateCustomRoleRequest::default()
        };
        call!(caller, Entitlement: custom_roles.update_custom_role(request));
        caller.done(1);
    }
    Ok(())
}

/// Creates and changes grants.
pub(super) async fn grants(
    caller: &Caller,
    parent: &str,
    changes: Changes<Grant>,
    token: &str,
) -> Result<(), ApplyError> {
    let requests = changes.create.into_iter().map(|grant| CreateGrantRequest {
        grant_id: id(&grant.name),
        grant: Some(grant),
        ..CreateGrantRequest::default()
    });
    for requests in batches(requests.collect()) {
        let count = requests.len();
        let request = BatchCreateGrantsRequest {
            parent: parent.to_owned(),
            requests,
            consistency_token: token.to_owned(),
            ..BatchCreateGrantsRequest::default()
        };
        call!(caller, Entitlement: grants.batch_create_grants(request));
        caller.done(count);
    }
    for change in changes.change {
        let request = UpdateGrantRequest {
            update_mask: Some(change.mask()),
            grant: Some(change.fact),
            consistency_token: token.to_owned(),
            ..UpdateGrantRequest::default()
        };
        call!(caller, Entitlement: grants.update_grant(request));
        caller.done(1);
    }
    Ok(())
}
