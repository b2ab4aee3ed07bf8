use ::store::{Turn, WriteTx};
use api::membership::v1::{ChangeRequest, RejectChangeRequestRequest, RejectChangeRequestResponse};
use authz::Context;
use membership_core::RequestStep;
use service::{expect_etag, parse};
use types::{ChangeRequestId, In};

use super::{App, change_request_rules as rules};
use crate::{
    error::Error,
    store::{change_requests, memberships},
};

/// Rejects a pending request.
pub(crate) async fn reject_change_request(
    app: &App,
    context: &Context,
    request: RejectChangeRequestRequest,
) -> Result<RejectChangeRequestResponse, Error> {
    let name = parse("name", &request.name, In::<ChangeRequestId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let rejected = reject(&tx, &name, &request, permit.holder()).await?;
    Ok(tx
        .finish(|consistency_token| RejectChangeRequestResponse {
            change_request: Some(rejected),
            consistency_token,
        })
        .await?)
}

async fn reject(
    tx: &WriteTx,
    name: &In<ChangeRequestId>,
    asked: &RejectChangeRequestRequest,
    caller: &str,
) -> Result<ChangeRequest, Error> {
    let mut stored = rules::find(tx.connection(), name).await?;
    expect_etag(&asked.etag, stored.version)?;
    rules::step(&mut stored.request, RequestStep::Reject)?;
    rules::expect_reason(&asked.reason)?;
    stored.request.decider = caller.to_owned();
    stored.request.rejection_reason.clone_from(&asked.reason);
    let membership = rules::membership(&stored.request)?;
    memberships::clear_pending(tx, &membership, &name.id).await?;
    Ok(change_requests::update(tx, name, stored).await?.request)
}
