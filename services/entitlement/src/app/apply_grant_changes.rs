use ::rpc::parse;
use ::store::Turn;
use api::entitlement::v1::{ApplyGrantChangesRequest, ApplyGrantChangesResponse};
use authority::Context;
use base::OrganizationId;

use super::{App, grant_changes::Changes, preview::foresee};
use crate::error::Error;

/// Makes changes of all kinds, all or none, and if a digest is given only what was previewed.
pub(crate) async fn apply_grant_changes(
    app: &App,
    context: &Context,
    request: ApplyGrantChangesRequest,
) -> Result<ApplyGrantChangesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_in(context, &organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let changes = Changes::read(app, context, organization, &request.changes).await?;
    let mut response: ApplyGrantChangesResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let grants = if request.preview_digest.is_empty() {
                changes.enact(&mut tx, &permit).await?
            } else {
                let foreseen = foresee(app, &mut tx, &permit, changes, &request.changes).await;
                let foreseen = foreseen?;
                if foreseen.response.digest != request.preview_digest {
                    return Err(Error::PreviewStale);
                }
                foreseen.still_holds(&tx).await?;
                foreseen.grants
            };
            tx.finish(|consistency_token| ApplyGrantChangesResponse {
                grants,
                consistency_token,
                ..ApplyGrantChangesResponse::default()
            })
            .await?
        }
    };
    let propagation = app.settle(context, &response.consistency_token).await;
    response.set_propagation(propagation);
    Ok(response)
}
