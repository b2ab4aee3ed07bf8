//! Rules that the methods of change requests share.

use ::rpc::Fault;
use ::store::Connection;
use api::{
    membership::v1::{ChangeRequest, ChangeRequestState, Deactivation, change_request::Kind},
    policy_of,
};
use authz::{Caller, Context, Reach, Refused};
use membership_core::{RequestState, RequestStep, has_content};
use types::{ChangeRequestId, In, MembershipId, OrganizationId};

use super::{App, named_entities};
use crate::{
    error::Error,
    store::change_requests::{self, Stored},
};

/// The method that reads grants: its permission decides the visibility of requests.
const LIST_GRANTS_METHOD: &str = "/mandate.entitlement.v1.GrantService/ListGrants";

/// Returns the requester to whose requests the caller is restricted; `None` for a caller who sees
/// all grants of the organization, and so all requests.
pub(super) async fn visible_requester(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Option<String>, Error> {
    let policy = policy_of(LIST_GRANTS_METHOD).ok_or_else(Fault::denied)?;
    let reading = context.on_behalf_of(context.caller.clone(), policy);
    let reach = Reach::Organization(organization);
    match (
        app.authority.authorize(&reading, reach).await,
        &context.caller,
    ) {
        (Ok(_), _) => Ok(None),
        (Err(Refused::Denied), Caller::Subject(caller)) => Ok(Some(caller.name.to_string())),
        (Err(refused), _) => Err(refused.into()),
    }
}

/// Returns a change request that the caller may see; one out of reach counts as absent.
pub(super) async fn find_visible(
    app: &App,
    context: &Context,
    name: &In<ChangeRequestId>,
) -> Result<Stored, Error> {
    let found = find(app.store.reader(), name).await?;
    match visible_requester(app, context, &name.organization).await? {
        Some(own) if found.request.requester != own => {
            Err(Error::ChangeRequestNotFound(name.to_string()))
        }
        _ => Ok(found),
    }
}

/// Returns a change request, which must exist.
pub(super) async fn find(
    db: &impl Connection,
    name: &In<ChangeRequestId>,
) -> Result<Stored, Error> {
    let found = change_requests::find(db, name).await?;
    let mut found = found.ok_or_else(|| Error::ChangeRequestNotFound(name.to_string()))?;
    let request = std::slice::from_mut(&mut found.request);
    named_entities::look_up(db, &name.organization, request).await?;
    Ok(found)
}

/// Moves a change request to its next state.
pub(super) fn step(request: &mut ChangeRequest, step: RequestStep) -> Result<(), Error> {
    let state = state(request.state());
    let next = step.from(state).map_err(|state| Error::Misstep {
        name: request.name.clone(),
        state,
    })?;
    request.set_state(match next {
        RequestState::Draft => ChangeRequestState::Draft,
        RequestState::Pending => ChangeRequestState::Pending,
        RequestState::Approved => ChangeRequestState::Approved,
        RequestState::Applied => ChangeRequestState::Applied,
        RequestState::Rejected => ChangeRequestState::Rejected,
        RequestState::Cancelled => ChangeRequestState::Cancelled,
        RequestState::Failed => ChangeRequestState::Failed,
    });
    Ok(())
}

fn state(state: ChangeRequestState) -> RequestState {
    match state {
        ChangeRequestState::Unspecified | ChangeRequestState::Draft => RequestState::Draft,
        ChangeRequestState::Pending => RequestState::Pending,
        ChangeRequestState::Approved => RequestState::Approved,
        ChangeRequestState::Applied => RequestState::Applied,
        ChangeRequestState::Rejected => RequestState::Rejected,
        ChangeRequestState::Cancelled => RequestState::Cancelled,
        ChangeRequestState::Failed => RequestState::Failed,
    }
}

/// Returns the membership of a stored request.
pub(super) fn membership(request: &ChangeRequest) -> Result<In<MembershipId>, Error> {
    let name = match &request.kind {
        Some(Kind::ChangeAccess(change)) => change.membership.as_str(),
        Some(Kind::Deactivate(Deactivation { membership, .. })) => membership.as_str(),
        None => "",
    };
    Ok(In::parse_name(name).map_err(Fault::internal)?)
}

/// Checks that only its requester confirms or cancels a request.
pub(super) fn expect_requester(request: &ChangeRequest, caller: &str) -> Result<(), Error> {
    if request.requester == caller {
        Ok(())
    } else {
        Err(Error::NotRequester(request.name.clone()))
    }
}

/// Checks that there is a reason.
pub(super) fn expect_reason(reason: &str) -> Result<(), Error> {
    if has_content(reason) {
        Ok(())
    } else {
        Err(Error::ReasonRequired)
    }
}
