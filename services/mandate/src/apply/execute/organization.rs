//! One organization: itself, then what it has, each kind after what it names.

mod access;
mod contacts;
mod tree;

use api::membership::v1::{
    BatchCreateMembershipsRequest, CreateMembershipRequest, CreateOrganizationRequest, Membership,
    Organization, UpdateMembershipRequest, UpdateOrganizationRequest,
};

use super::{
    call::{Caller, batches, call, id},
    state,
};
use crate::apply::{ApplyError, Changes, OrganizationPlan};

/// Does what the plan says about one organization. A grant needs its entitlement, its unit and
/// its membership to be there, and the entitlement service to have heard of them: the token of
/// the latest write makes it wait for that.
pub(super) async fn organization(
    caller: Caller,
    name: String,
    mut plan: OrganizationPlan,
) -> Result<(), ApplyError> {
    let organization = std::mem::take(&mut plan.organization.states);
    let memberships = std::mem::take(&mut plan.memberships.states);

    let mut token = String::new();
    itself(&caller, plan.organization, &mut token).await?;
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
) -> Result<(), ApplyError> {
    for organization in changes.create {
        let request = CreateOrganizationRequest {
            organization_id: id(&organization.name),
            organization: Some(organization),
            ..CreateOrganizationRequest::default()
        };
        let answer = call!(caller, Membership: organizations.create_organization(request));
        *token = answer.consistency_token;
        caller.done(1);
    }
    for change in changes.change {
        let request = UpdateOrganizationRequest {
            update_mask: Some(change.mask()),
            organization: Some(change.fact),
            ..UpdateOrganizationRequest::default()
        };
        let answer = call!(caller, Membership: organizations.update_organization(request));
        *token = answer.consistency_token;
        caller.done(1);
    }
    Ok(())
}

async fn memberships(
    caller: &Caller,
    parent: &str,
    changes: Changes<Membership>,
    token: &mut String,
) -> Result<(), ApplyError> {
    let requests = changes
        .create
        .into_iter()
        .map(|membership| CreateMembershipRequest {
            membership_id: id(&membership.name),
            membership: Some(membership),
            ..CreateMembershipRequest::default()
        });
    for requests in batches(requests.collect()) {
        let count = requests.len();
        let request = BatchCreateMembershipsRequest {
            parent: parent.to_owned(),
            requests,
            ..BatchCreateMembershipsRequest::default()
        };
        let answer = call!(caller, Membership: members.batch_create_memberships(request));
        *token = answer.consistency_token;
        caller.done(count);
    }
    for change in changes.change {
        let request = UpdateMembershipRequest {
            update_mask: Some(change.mask()),
            membership: Some(change.fact),
            ..UpdateMembershipRequest::default()
        };
        let answer = call!(caller, Membership: members.update_membership(request));
        *token = answer.consistency_token;
        caller.done(1);
    }
    Ok(())
}
