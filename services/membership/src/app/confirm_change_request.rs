use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::membership::v1::{
    ChangeRequest, ConfirmChangeRequestRequest, ConfirmChangeRequestResponse, change_request::Kind,
};
use authz::Context;
use membership_core::RequestStep;
use service::{expect_etag, parse};
use types::{ChangeRequestId, In};

use super::{App, change_request_rules as rules};
use crate::{
    error::Error,
    store::{change_requests, memberships},
};

/// Confirms a draft: it becomes pending, and the membership refers to it.
pub(crate) async fn confirm_change_request(
    app: &App,
    context: &Context,
    request: ConfirmChangeRequestRequest,
) -> Result<ConfirmChangeRequestResponse, Error> {
    let name = parse("name", &request.name, In::<ChangeRequestId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    rules::find_visible(app, context, &name).await?;
    let tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let sent = confirm(&tx, &name, &request, permit.holder()).await?;
    Ok(tx
        .finish(|consistency_token| ConfirmChangeRequestResponse {
            change_request: Some(sent),
            consistency_token,
        })
        .await?)
}

async fn confirm(
    tx: &WriteTx,
    name: &In<ChangeRequestId>,
    asked: &ConfirmChangeRequestRequest,
    caller: &str,
) -> Result<ChangeRequest, Error> {
    let mut stored = rules::find(tx.connection(), name).await?;
    expect_etag(&asked.etag, stored.version)?;
    let draft = &mut stored.request;
    rules::expect_requester(draft, caller)?;
    rules::step(draft, RequestStep::Confirm)?;
    if !asked.note.is_empty() {
        draft.note.clone_from(&asked.note);
    }
    match &mut draft.kind {
        Some(Kind::Deactivate(deactivation)) => {
            if !asked.reason.is_empty() {
                deactivation.reason.clone_from(&asked.reason);
            }
            rules::expect_reason(&deactivation.reason)?;
        }
        _ if !asked.reason.is_empty() => {
            return Err(Fault::field("reason", "is only for deactivations").into());
        }
        _ => {}
    }
    let membership = rules::membership(draft)?;
    if !memberships::await_request(tx, &membership, &name.id).await? {
        return Err(Error::ChangeRequestPending(membership.to_string()));
    }
    Ok(change_requests::update(tx, name, stored).await?.request)
}
