use ::rpc::{Page, parse};
use api::entitlement::v1::{ListPermissionsRequest, ListPermissionsResponse};
use authority::Context;
use base::Subject;
use entitlement_core::decide;

use super::{
    App,
    question::{organization_of, place_of},
};
use crate::error::Error;

/// Lists what a subject may do somewhere.
pub(crate) async fn list_permissions(
    app: &App,
    context: &Context,
    request: ListPermissionsRequest,
) -> Result<ListPermissionsResponse, Error> {
    let organization = organization_of("resource", &request.resource)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    let permit = app.permit_in(context, &organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let sealer = app.store.sealer();
    let (subject, resource) = (&request.subject, &request.resource);
    let list = format!("permissions {subject} {resource} {}", permit.holder());
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    let read = app.engine.facts.read(|world| {
        let now = app.engine.clock.now();
        let facts = world.facts(subject, &organization)?;
        let target = world.target(&organization, place_of(resource))?;
        let all = facts.catalog.permissions().into_iter();
        let held: Vec<String> = all
            .skip_while(|(name, _)| *name <= page.after.as_str())
            .filter(|(_, permission)| decide(&facts, *permission, target, now).outcome.is_ok())
            .take(limit)
            .map(|(name, _)| name.to_owned())
            .collect();
        Ok((held, world.revision()))
    });
    let (rows, revision) = read.await?;
    let (permissions, next_page_token) = page.cut(sealer, rows, String::clone);
    Ok(ListPermissionsResponse {
        permissions,
        next_page_token,
        revision,
    })
}
