use api::entitlement::v1::{Grant, ListGrantsRequest, ListGrantsResponse};
use authz::Context;
use service::{Page, parse};
use types::{ApplicationId, OrganizationId, RoleName, Subject};

use super::{App, delegation::retain_visible};
use crate::{
    error::Error,
    store::grants::{self, Filter},
};

/// Rows per read once the first read finds too few visible grants, and maximum reads for one page.
/// After these, return a short page rather than keep reading.
const ROWS_PER_READ: u64 = 1000;
const MAX_READS_PER_PAGE: usize = 64;

/// Lists the grants of an organization that the caller may see, ordered by name.
pub(crate) async fn list_grants(
    app: &App,
    context: &Context,
    request: ListGrantsRequest,
) -> Result<ListGrantsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let filter = filter(&request)?;
    app.permit_anywhere_in(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!(
        "grants {organization} {} {} {} {} {}",
        request.subject, request.show_revoked, request.role, request.application, request.state
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let (reader, now) = (app.store.reader(), app.engine.clock.now());
    let prefix = format!("organizations/{organization}/grants/");
    let id = |grant: &Grant| grant.name.replacen(&prefix, "", 1);
    // Skip invisible grants without a gap, so that no page reveals their number.
    let (mut found, mut scanned_up_to) = (Vec::new(), Some(page.after.clone()));
    let mut limit = page.limit();
    for _ in 0..MAX_READS_PER_PAGE {
        let Some(after) = scanned_up_to.take() else {
            break;
        };
        let rows = grants::page(reader, &organization, &filter, &after, limit, now).await?;
        let is_all = (rows.len() as u64) < limit;
        scanned_up_to = rows.last().filter(|_| !is_all).map(id);
        let retain_visible = retain_visible(app, context, &organization, rows)
            .await?
            .into_iter();
        found.extend(
            retain_visible.filter(|grant| concerns_application(grant, &request.application)),
        );
        if found.len() as u64 >= page.limit() {
            break;
        }
        limit = ROWS_PER_READ;
    }
    let (grants, mut next_page_token) = page.cut(sealer, found, id);
    if next_page_token.is_empty()
        && let Some(last) = scanned_up_to
    {
        next_page_token = page.token_after(sealer, &last);
    }
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

/// True if the role of a grant belongs to an application or administers it.
fn concerns_application(grant: &Grant, application: &str) -> bool {
    let scope = grant.scope.as_ref();
    let role = RoleName::parse_name(&grant.role);
    application.is_empty()
        || role.is_ok_and(|role| role.application.name() == application)
        || scope.is_some_and(|scope| scope.applications.iter().any(|name| name == application))
}
