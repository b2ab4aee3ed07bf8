use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    entitlement::v1::ApplyGrantChangesForRequest,
    membership::v1::{
        ApproveChangeRequestRequest, ApproveChangeRequestResponse, ChangeRequest,
        ChangeRequestState, change_request::Kind,
    },
    policy_of,
};
use authz::{Context, Reach};
use membership_core::{RequestStep, Verb};
use service::{expect_etag, parse};
use types::{ChangeRequestId, In};

use super::{
    App,
    apply_change_request::{apply_change_request, changes},
    change_request_rules as rules,
    change_state::change_membership,
    named_entities,
};
use crate::{
    error::Error,
    peers::{ApplyError, change_grants},
    store::{change_requests, memberships},
};

/// The method that suspends a membership directly.
const SUSPEND_METHOD: &str = "/mandate.membership.v1.MemberService/SuspendMembership";

/// Approves a pending request, and makes the change as the caller. A deactivation is committed with
/// the approval; grants are changed after it, and an interrupted change is resumed.
pub(crate) async fn approve_change_request(
    app: &App,
    context: &Context,
    request: ApproveChangeRequestRequest,
) -> Result<ApproveChangeRequestResponse, Error> {
    let name = parse("name", &request.name, In::<ChangeRequestId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    // The preflight comes before the write, so that no other write waits for it; its result counts
    // only if the request is not a repeated one.
    let possible = preflight(app, context, &name, permit.holder()).await;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let caller = permit.holder();
            let approved = approve(&mut tx, &name, &request.etag, caller, possible).await?;
            if let Some(Kind::Deactivate(_)) = &approved.kind {
                let member = (&name.organization, approved.subject.as_str());
                let only = request.validate_only;
                app.release(context, &permit, member, only).await?;
            }
            tx.finish(|consistency_token| ApproveChangeRequestResponse {
                change_request: Some(approved),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    if !request.validate_only {
        let entitlement = app.entitlement.channel().for_call(context);
        let stored = apply_change_request(app, entitlement, &name).await?;
        if !stored.applied_token.is_empty() {
            response.consistency_token = stored.applied_token;
        }
        response.change_request = Some(stored.request);
    }
    let state = response.change_request.as_ref().map(ChangeRequest::state);
    let token = &response.consistency_token;
    response.propagation = match state {
        Some(ChangeRequestState::Approved) if !token.is_empty() => Propagation::Pending.into(),
        _ => app.propagated(context, token).await,
    };
    Ok(response)
}

/// Checks that the caller could make the change directly, now.
async fn preflight(
    app: &App,
    context: &Context,
    name: &In<ChangeRequestId>,
    caller: &str,
) -> Result<(), Error> {
    let mut request = rules::find(app.store.reader(), name).await?.request;
    if let Some(Kind::Deactivate(_)) = &request.kind {
        let policy = policy_of(SUSPEND_METHOD).ok_or_else(Fault::denied)?;
        let context = context.on_behalf_of(context.caller.clone(), policy);
        let reach = Reach::Organization(&name.organization);
        app.authority.authorize(&context, reach).await?;
        return Ok(());
    }
    caller.clone_into(&mut request.decider);
    let changes = ApplyGrantChangesForRequest {
        request_id: String::new(),
        validate_only: true,
        ..changes(&request, name)?
    };
    let entitlement = app.entitlement.channel().for_call(context);
    match change_grants(entitlement, changes).await {
        Ok(_) => Ok(()),
        Err(ApplyError::Refused(refusal)) => Err((*refusal).into()),
        Err(ApplyError::Unknown(status)) => Err(Fault::unavailable(status).into()),
    }
}

async fn approve(
    tx: &mut WriteTx,
    name: &In<ChangeRequestId>,
    etag: &str,
    caller: &str,
    possible: Result<(), Error>,
) -> Result<ChangeRequest, Error> {
    let mut stored = rules::find(tx.connection(), name).await?;
    expect_etag(etag, stored.version)?;
    let request = &mut stored.request;
    rules::step(request, RequestStep::Approve)?;
    // SPEC: S4-2.
    if request.requester == caller {
        return Err(Error::SelfApprovalForbidden);
    }
    named_entities::check(request)?;
    possible?;
    caller.clone_into(&mut request.decider);
    let membership = rules::membership(request)?;
    memberships::clear_pending(tx, &membership, &name.id).await?;
    if let Some(Kind::Deactivate(_)) = &request.kind {
        let suspended = change_membership(tx, &membership, "", Verb::Suspend).await?;
        // The membership may have ended after the request was made, and a new one of that name may
        // belong to somebody else.
        if suspended.subject != request.subject {
            return Err(Error::MembershipNotFound(suspended.name));
        }
        rules::step(request, RequestStep::Apply)?;
    }
    Ok(change_requests::update(tx, name, stored).await?.request)
}
