//! One organization: itself, then its entities, each kind after the kinds that it refers to.

mod access;
mod contacts;
mod tree;

use api::membership::v1::{
    BatchCreateMembershipsRequest, CreateMembershipRequest, CreateOrganizationRequest, Membership,
    Organization, UpdateMembershipRequest, UpdateOrganizationRequest,
};

use super::{
    Halted,
    batch::batches,
    call::{Caller, call, id, send},
    state,
};
use crate::apply::{Changes, OrganizationPlan};

/// Executes the plan of one organization. A grant needs its entitlement, unit and membership, and
/// the entitlement service must have received them: the token of the latest write makes it wait for
/// them.
pub(super) async fn organization(
    caller: Caller,
    name: String,
    mut plan: OrganizationPlan,
) -> Result<(), Halted> {
    let organization = std::mem::take(&mut plan.organization.states);
    let memberships = std::mem::take(&mut plan.memberships.states);

    let mut token = String::new();
    itself(&caller, plan.organization, &mut token).await?;
    if !caller.is_there(&name) {
        return Ok(());
    }
    contacts::contacts(&caller, &name, plan.contacts).await?;
    let entitlements = access::entitlements(&caller, &name, plan.entitlements, &token).await?;
    tree::units(&caller, &name, plan.units, &mut token).await?;
    tree::resources(&caller, &name, plan.resources, &mut token).await?;
    self::memberships(&caller, &name, plan.memberships, &mut token).await?;
    access::custom_roles(&caller, &name, plan.custom_roles, &token).await?;
    access::grants(&caller, &name, plan.grants, &token).await?;

    state::memberships(&caller, memberships).await?;
    state::entitlements(&caller, entitlements).await?;
    state::organizations(&caller, organization).await
}

async fn itself(
    caller: &Caller,
    changes: Changes<Organization>,
    token: &mut String,
) -> Result<(), Halted> {
    for organization in changes.create {
        let name = organization.name.clone();
        let request = CreateOrganizationRequest {
            organization_id: id(&name),
            organization: Some(organization),
            ..CreateOrganizationRequest::default()
        };
        let answer = call!(caller, name, Membership: organizations.create_organization(request));
        *token = answer
            .map(|answer| answer.consistency_token)
            .unwrap_or_default();
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateOrganizationRequest {
            update_mask: Some(change.mask()),
            organization: Some(change.fact),
            ..UpdateOrganizationRequest::default()
        };
        let answer = call!(caller, name, Membership: organizations.update_organization(request));
        *token = answer
            .map(|answer| answer.consistency_token)
            .unwrap_or_default();
    }
    Ok(())
}

async fn memberships(
    caller: &Caller,
    parent: &str,
    mut changes: Changes<Membership>,
    token: &mut String,
) -> Result<(), Halted> {
    changes.create.retain(|member| caller.can_call(member));
    let requests = changes.create.into_iter().map(|membership| {
        let name = membership.name.clone();
        let request = CreateMembershipRequest {
            membership_id: id(&name),
            membership: Some(membership),
            ..CreateMembershipRequest::default()
        };
        (name, request)
    });
    let send = async |requests, only| {
        let request = BatchCreateMembershipsRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateMembershipsRequest::default()
        };
        let answer = send!(caller, only, Membership: members.batch_create_memberships(request))?;
        Ok(answer.consistency_token)
    };
    for batch in batches(requests.collect()) {
        if let Some(new) = caller.call_batch(batch, send).await? {
            *token = new;
        }
    }
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateMembershipRequest {
            update_mask: Some(change.mask()),
            membership: Some(change.fact),
            ..UpdateMembershipRequest::default()
        };
        let answer = call!(caller, name, Membership: members.update_membership(request));
        *token = answer
            .map(|answer| answer.consistency_token)
            .unwrap_or_default();
    }
    Ok(())
}
