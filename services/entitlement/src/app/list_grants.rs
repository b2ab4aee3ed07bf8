use ::rpc::{Page, parse};
use api::entitlement::v1::{Grant, ListGrantsRequest, ListGrantsResponse};
use authority::Context;
use base::{ApplicationId, OrganizationId, RoleName, Subject};

use super::{App, grant_power::visible};
use crate::{
    error::Error,
    store::grants::{self, Filter},
};

/// Lists the grants of an organization that the caller may see, ordered by name.
pub(crate) async fn list_grants(
    app: &App,
    context: &Context,
    request: ListGrantsRequest,
) -> Result<ListGrantsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let filter = filter(&request)?;
    app.permit_within(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!(
        "grants {organization} {} {} {} {} {}",
        request.subject, request.show_revoked, request.role, request.application, request.state
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let (reader, now) = (app.store.reader(), app.engine.clock.now());
    let (after, limit) = (&page.after, page.limit());
    let rows = grants::page(reader, &organization, &filter, after, limit, now).await?;
    let prefix = format!("organizations/{organization}/grants/");
    // The page is cut before what is out of reach is left out: it ends where the next begins.
    let (mut grants, next_page_token) =
        page.cut(sealer, rows, |grant| grant.name.replacen(&prefix, "", 1));
    let mut seen = visible(app, context, &organization, &grants)
        .await?
        .into_iter();
    grants.retain(|grant| seen.next() == Some(true) && is_about(grant, &request.application));
    Ok(ListGrantsResponse {
        grants,
        next_page_token,
    })
}

fn filter(request: &ListGrantsRequest) -> Result<Filter, Error> {
    if !request.subject.is_empty() {
        parse("subject", &request.subject, Subject::parse_name)?;
    }
    let (role, application) = (&request.role, &request.application);
    Ok(Filter {
        subject: request.subject.clone(),
        role: match role.as_str() {
            "" => None,
            role => Some(parse("role", role, RoleName::parse_name)?),
        },
        application: match application.as_str() {
            "" => None,
            name => Some(parse("application", name, ApplicationId::parse_name)?),
        },
        state: request.state(),
        revoked: request.show_revoked,
    })
}

/// Whether a grant is of a role of an application, or lets manage it.
fn is_about(grant: &Grant, application: &str) -> bool {
    let scope = grant.scope.as_ref();
    let role = RoleName::parse_name(&grant.role);
    application.is_empty()
        || role.is_ok_and(|role| role.application.name() == application)
        || scope.is_some_and(|scope| scope.applications.iter().any(|name| name == application))
}
