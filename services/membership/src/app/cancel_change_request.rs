use ::store::{Turn, WriteTx};
use api::membership::v1::{CancelChangeRequestRequest, CancelChangeRequestResponse, ChangeRequest};
use authz::Context;
use membership_core::RequestStep;
use service::{expect_etag, parse};
use types::{ChangeRequestId, In};

use super::{App, change_request_rules as rules};
use crate::{
    error::Error,
    store::{change_requests, memberships},
};

/// Cancels a request that is not decided yet.
pub(crate) async fn cancel_change_request(
    app: &App,
    context: &Context,
    request: CancelChangeRequestRequest,
) -> Result<CancelChangeRequestResponse, Error> {
    let name = parse("name", &request.name, In::<ChangeRequestId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    rules::find_visible(app, context, &name).await?;
    let tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let cancelled = cancel(&tx, &name, &request.etag, permit.holder()).await?;
    Ok(tx
        .finish(|consistency_token| CancelChangeRequestResponse {
            change_request: Some(cancelled),
            consistency_token,
        })
        .await?)
}

async fn cancel(
    tx: &WriteTx,
    name: &In<ChangeRequestId>,
    etag: &str,
    caller: &str,
) -> Result<ChangeRequest, Error> {
    let mut stored = rules::find(tx.connection(), name).await?;
    expect_etag(etag, stored.version)?;
    rules::expect_requester(&stored.request, caller)?;
    rules::step(&mut stored.request, RequestStep::Cancel)?;
    let membership = rules::membership(&stored.request)?;
    memberships::clear_pending(tx, &membership, &name.id).await?;
    Ok(change_requests::update(tx, name, stored).await?.request)
}
