use api::entitlement::v1::{ListPermissionsRequest, ListPermissionsResponse};
use authz::Context;
use entitlement_core::ConditionInput;
use service::{Page, parse};
use types::Subject;

use super::{
    App,
    as_of::{moment_of, read_at},
    context::check_context,
    listed,
    question::{organization_of, place_of},
};
use crate::{
    engine::ConditionBudget,
    error::Error,
    facts::{FactKey, FactSnapshot},
};

/// Lists the permissions of a subject at a location.
pub(crate) async fn list_permissions(
    app: &App,
    context: &Context,
    request: ListPermissionsRequest,
) -> Result<ListPermissionsResponse, Error> {
    let organization = organization_of("resource", &request.resource)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    let said = request.context.as_ref();
    check_context("context", said)?;
    let permit = app.permit_for_organization(context, &organization).await?;
    app.engine
        .ensure_fresh(context, request.consistency.as_ref())
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
    let answer = |world: &FactSnapshot| {
        let now = at.unwrap_or_else(|| app.engine.clock.now());
        let facts = world.facts(subject, &organization)?;
        let place = place_of(resource);
        let target = world.target(&organization, place)?;
        let given = ConditionInput {
            subject,
            resource: place.resource(),
            context: said,
        };
        let budget = ConditionBudget::under_lock();
        let (mut held, mut last) = (Vec::new(), "");
        let all = facts.catalog.permissions().into_iter();
        for (name, permission) in all.skip_while(|(name, _)| *name <= page.after.as_str()) {
            if held.len() == limit || budget.is_spent() {
                break;
            }
            let question = (&facts, permission, target, &given, now);
            held.extend(listed::row(name, question, &budget));
            last = name;
        }
        // There may be more, but updates wait for the lock.
        let looked_at = budget.is_spent().then(|| last.to_owned());
        Ok::<_, Vec<FactKey>>((held, looked_at, world.revision()))
    };
    let (rows, looked_at, revision) = match at {
        Some(at) => read_at(app, at, |world| Ok(Ok(answer(world)?))).await?,
        None => app.engine.facts.read(answer).await?,
    };
    let (rows, mut next_page_token) = page.cut(sealer, rows, listed::key);
    if next_page_token.is_empty()
        && let Some(last) = looked_at
    {
        next_page_token = page.token_after(sealer, &last);
    }
    let (permissions, conditional_permissions) = listed::split(rows);
    Ok(ListPermissionsResponse {
        permissions,
        conditional_permissions,
        next_page_token,
        revision,
    })
}
