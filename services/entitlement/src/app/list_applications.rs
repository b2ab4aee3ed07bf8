use ::rpc::Fault;
use api::entitlement::v1::{Application, ListApplicationsRequest, ListApplicationsResponse};
use authz::Context;
use service::Page;

use super::App;
use crate::{error::Error, store::applications};

/// Lists applications, ordered by name.
pub(crate) async fn list_applications(
    app: &App,
    context: &Context,
    request: ListApplicationsRequest,
) -> Result<ListApplicationsResponse, Error> {
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let alias = alias(&request.filter)?;
    let list = format!("applications {}", request.filter);
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let limit = alias.map_or(page.limit(), |_| u64::from(u32::MAX));
    let mut rows = applications::page(app.store.reader(), &page.after, limit).await?;
    if let Some(alias) = alias {
        rows.retain(|found| is_called(found, alias));
    }
    let (applications, next_page_token) = page.cut(sealer, rows, |application| {
        application.name.replacen("applications/", "", 1)
    });
    Ok(ListApplicationsResponse {
        applications,
        next_page_token,
    })
}

/// Parses the alias in a filter.
// SPEC: S0-16.
fn alias(filter: &str) -> Result<Option<&str>, Fault> {
    if filter.is_empty() {
        return Ok(None);
    }
    let quoted = filter.strip_prefix("aliases:\"");
    let alias = quoted.and_then(|rest| rest.strip_suffix('"'));
    match alias.filter(|alias| !alias.is_empty() && !alias.contains(['"', '\\'])) {
        Some(alias) => Ok(Some(alias)),
        None => Err(Fault::field("filter", "must be `aliases:\"X\"`")),
    }
}

fn is_called(application: &Application, name: &str) -> bool {
    let mut aliases = application.aliases.iter();
    application.name.strip_prefix("applications/") == Some(name)
        || aliases.any(|alias| alias == name)
}
