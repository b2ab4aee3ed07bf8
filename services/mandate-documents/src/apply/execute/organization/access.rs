//! Entitlements, roles and grants.

use api::entitlement::v1::{
    BatchCreateGrantsRequest, CreateCustomRoleRequest, CreateEntitlementRequest,
    CreateGrantRequest, CustomRole, Entitlement, EntitlementState, Grant, UpdateCustomRoleRequest,
    UpdateGrantRequest,
};

use super::{Caller, Halted, batches, call, id, send};
use crate::apply::{Changes, StateChange};

/// Creates entitlements; only their state can be changed. An entitlement that has ended has no
/// other state: returns the state changes of the others.
pub(super) async fn entitlements(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Entitlement>,
    token: &str,
) -> Result<Vec<StateChange>, Halted> {
    changes.create.retain(|own| caller.can_call(own));
    for entitlement in changes.create {
        let name = entitlement.name.clone();
        let request = CreateEntitlementRequest {
            parent: parent.to_owned(),
            entitlement_id: id(&name),
            entitlement: Some(entitlement),
            consistency_token: token.to_owned(),
            ..CreateEntitlementRequest::default()
        };
        let answer = call!(caller, name, Entitlement: grants.create_entitlement(request));
        let created = answer
            .and_then(|answer| answer.entitlement)
            .unwrap_or_default();
        if created.state() == EntitlementState::Ended {
            let ended = changes
                .states
                .extract_if(.., |state| state.name == created.name);
            caller.done(ended.map(|state| state.name).collect());
        }
    }
    Ok(changes.states)
}

/// Creates and changes custom roles.
pub(super) async fn custom_roles(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<CustomRole>,
    token: &str,
) -> Result<(), Halted> {
    changes.create.retain(|role| caller.can_call(role));
    changes
        .change
        .retain(|change| caller.can_call(&change.fact));
    for role in changes.create {
        let name = role.name.clone();
        let request = CreateCustomRoleRequest {
            parent: parent.to_owned(),
            custom_role_id: id(&name),
            custom_role: Some(role),
            consistency_token: token.to_owned(),
            ..CreateCustomRoleRequest::default()
        };
        call!(caller, name, Entitlement: custom_roles.create_custom_role(request));
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateCustomRoleRequest {
            update_mask: Some(change.mask()),
            custom_role: Some(change.fact),
            consistency_token: token.to_owned(),
            ..UpdateCustomRoleRequest::default()
        };
        call!(caller, name, Entitlement: custom_roles.update_custom_role(request));
    }
    Ok(())
}

/// Creates and changes grants.
pub(super) async fn grants(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Grant>,
    token: &str,
) -> Result<(), Halted> {
    changes.create.retain(|grant| caller.can_call(grant));
    changes
        .change
        .retain(|change| caller.can_call(&change.fact));
    let requests = changes.create.into_iter().map(|grant| {
        let name = grant.name.clone();
        let request = CreateGrantRequest {
            grant_id: id(&name),
            grant: Some(grant),
            ..CreateGrantRequest::default()
        };
        (name, request)
    });
    let send = async |requests, only| {
        let request = BatchCreateGrantsRequest {
            parent: parent.to_owned(),
            requests,
            consistency_token: token.to_owned(),
            ..BatchCreateGrantsRequest::default()
        };
        let answer = send!(caller, only, Entitlement: grants.batch_create_grants(request))?;
        Ok(answer.consistency_token)
    };
    for batch in batches(requests.collect()) {
        caller.call_batch(batch, send).await?;
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateGrantRequest {
            update_mask: Some(change.mask()),
            grant: Some(change.fact),
            consistency_token: token.to_owned(),
            ..UpdateGrantRequest::default()
        };
        call!(caller, name, Entitlement: grants.update_grant(request));
    }
    Ok(())
}
