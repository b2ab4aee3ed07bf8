use ::rpc::{Page, parse};
use api::entitlement::v1::{ListPermissionsRequest, ListPermissionsResponse};
use authority::Context;
use base::Subject;
use entitlement_core::{Given, decide};

use super::{
    App,
    circumstances::check_context,
    past::{moment_of, read_at},
    question::{organization_of, place_of},
};
use crate::{
    error::Error,
    facts::{Piece, World},
};

/// Lists what a subject may do somewhere.
pub(crate) async fn list_permissions(
    app: &App,
    context: &Context,
    request: ListPermissionsRequest,
) -> Result<ListPermissionsResponse, Error> {
    let organization = organization_of("resource", &request.resource)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    let said = request.context.as_ref();
    check_context("context", said)?;
    let permit = app.permit_in(context, &organization).await?;
    app.engine
        .freshen(context, request.consistency.as_ref())
        .await?;
    let sealer = app.store.sealer();
    let (subject, resource) = (&request.subject, &request.resource);
    let at = moment_of(app, request.read_time.as_ref())?;
    let list = format!(
        "permissions {subject} {resource} {said:?} {at:?} {}",
        permit.holder()
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    let answer = |world: &World| {
        let now = at.unwrap_or_else(|| app.engine.clock.now());
        let facts = world.facts(subject, &organization)?;
        let place = place_of(resource);
        let target = world.target(&organization, place)?;
        let given = Given {
            subject,
            resource: place.resource(),
            context: said,
        };
        let holds = |permission| {
            let decision = decide(&facts, permission, target, &given, now);
            decision.outcome.is_ok()
        };
        let all = facts.catalog.permissions().into_iter();
        let held: Vec<String> = all
            .skip_while(|(name, _)| *name <= page.after.as_str())
            .filter(|(_, permission)| holds(*permission))
            .take(limit)
            .map(|(name, _)| name.to_owned())
            .collect();
        Ok::<_, Vec<Piece>>((held, world.revision()))
    };
    let (rows, revision) = match at {
        Some(at) => read_at(app, at, |world| Ok(Ok(answer(world)?))).await?,
        None => app.engine.facts.read(answer).await?,
    };
    let (permissions, next_page_token) = page.cut(sealer, rows, String::clone);
    Ok(ListPermissionsResponse {
        permissions,
        next_page_token,
        revision,
    })
}
