use ::rpc::{Page, parse};
use api::entitlement::v1::{ListGrantsRequest, ListGrantsResponse};
use authority::Context;
use base::{OrganizationId, Subject};

use super::App;
use crate::{
    error::Error,
    store::grants::{self, Filter},
};

/// Lists the grants of an organization, ordered by name.
pub(crate) async fn list_grants(
    app: &App,
    context: &Context,
    request: ListGrantsRequest,
) -> Result<ListGrantsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    if !request.subject.is_empty() {
        parse("subject", &request.subject, Subject::parse_name)?;
    }
    app.permit_in(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!(
        "grants {organization} {} {}",
        request.subject, request.show_revoked
    );
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let filter = Filter {
        subject: &request.subject,
        revoked: request.show_revoked,
    };
    let reader = app.store.reader();
    let rows = grants::page(reader, &organization, filter, &page.after, page.limit()).await?;
    let prefix = format!("organizations/{organization}/grants/");
    let (grants, next_page_token) =
        page.cut(sealer, rows, |grant| grant.name.replacen(&prefix, "", 1));
    Ok(ListGrantsResponse {
        grants,
        next_page_token,
    })
}
