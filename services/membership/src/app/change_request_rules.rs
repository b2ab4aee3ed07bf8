//! What change requests have in common, whatever is done with them.

use ::rpc::Fault;
use api::{
    membership::v1::{ChangeRequest, ChangeRequestState, Deactivation, change_request::Kind},
    policy_of,
};
use authority::{Caller, Context, Reach, Refused};
use base::{ChangeRequestId, In, MembershipId, OrganizationId};
use membership_core::{RequestState, RequestStep, is_said};
use sea_orm::ConnectionTrait;

use super::{App, named_entities};
use crate::{
    error::Error,
    store::change_requests::{self, Stored},
};

/// The method by which grants are read, and so what is asked about them.
const READS_GRANTS: &str = "/mandate.entitlement.v1.GrantService/ListGrants";

/// Whose requests a caller sees, if not those of everybody: somebody who does not see all grants of
/// an organization sees what they asked for themselves.
pub(super) async fn seen_of(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Option<String>, Error> {
    let policy = policy_of(READS_GRANTS).ok_or_else(Fault::denied)?;
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

/// A change request that the caller sees: one that is out of reach is not there.
pub(super) async fn find_seen(
    app: &App,
    context: &Context,
    name: &In<ChangeRequestId>,
) -> Result<Stored, Error> {
    let found = find(app.store.reader(), name).await?;
    match seen_of(app, context, &name.organization).await? {
        Some(own) if found.request.requester != own => {
            Err(Error::ChangeRequestNotFound(name.to_string()))
        }
        _ => Ok(found),
    }
}

/// A change request that must be there.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    name: &In<ChangeRequestId>,
) -> Result<Stored, Error> {
    let found = change_requests::find(db, name).await?;
    let mut found = found.ok_or_else(|| Error::ChangeRequestNotFound(name.to_string()))?;
    let request = std::slice::from_mut(&mut found.request);
    named_entities::look_up(db, &name.organization, request).await?;
    Ok(found)
}

/// Takes a step with a change request.
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

/// The membership that a stored request is about.
pub(super) fn membership(request: &ChangeRequest) -> Result<In<MembershipId>, Error> {
    let name = match &request.kind {
        Some(Kind::ChangeAccess(change)) => change.membership.as_str(),
        Some(Kind::Deactivate(Deactivation { membership, .. })) => membership.as_str(),
        None => "",
    };
    Ok(In::parse_name(name).map_err(Fault::internal)?)
}

/// That whoever sends a request or takes it back is its requester.
pub(super) fn expect_requester(request: &ChangeRequest, caller: &str) -> Result<(), Error> {
    if request.requester == caller {
        Ok(())
    } else {
        Err(Error::NotRequester(request.name.clone()))
    }
}

/// That a reason is given.
pub(super) fn expect_reason(reason: &str) -> Result<(), Error> {
    if is_said(reason) {
        Ok(())
    } else {
        Err(Error::ReasonRequired)
    }
}
