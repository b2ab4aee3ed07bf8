use ::store::Turn;
use api::entitlement::v1::{ApplyGrantChangesRequest, ApplyGrantChangesResponse, EntityIdentity};
use authz::Context;
use service::parse;
use types::OrganizationId;

use super::{
    App,
    delegation::{GrantEditor, owns},
    grant_changes::Changes,
    identities,
    preview::apply_and_compare,
    separation_of_duties,
};
use crate::error::Error;

/// Applies grant changes of all kinds, all or none. If the request has a digest, applies only what
/// was previewed.
pub(crate) async fn apply_grant_changes(
    app: &App,
    context: &Context,
    request: ApplyGrantChangesRequest,
) -> Result<ApplyGrantChangesResponse, Error> {
    apply_to(app, context, request, &[]).await
}

/// Applies changes, provided that `meant` still identifies the same entities.
pub(super) async fn apply_to(
    app: &App,
    context: &Context,
    request: ApplyGrantChangesRequest,
    meant: &[EntityIdentity],
) -> Result<ApplyGrantChangesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    let owns = owns(app, context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let changes = Changes::read(app, organization.clone(), &request.changes, None).await?;
    let mut response: ApplyGrantChangesResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            identities::check(&tx, &organization, meant).await?;
            let by = GrantEditor {
                app,
                context,
                permit: &permit,
                owns,
            };
            let grants = if request.preview_digest.is_empty() {
                changes.enact(&by, &mut tx).await?
            } else {
                let (grants, preview) =
                    apply_and_compare(&by, &mut tx, changes, &request.changes).await?;
                if preview.digest != request.preview_digest {
                    return Err(Error::PreviewStale);
                }
                grants
            };
            separation_of_duties::check((app, context), &tx, &organization, &grants).await?;
            tx.finish(|consistency_token| ApplyGrantChangesResponse {
                grants,
                consistency_token,
                ..ApplyGrantChangesResponse::default()
            })
            .await?
        }
    };
    let propagation = app
        .await_propagation(context, &response.consistency_token)
        .await;
    response.set_propagation(propagation);
    Ok(response)
}
