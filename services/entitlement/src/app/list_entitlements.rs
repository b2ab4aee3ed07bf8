use api::entitlement::v1::{ListEntitlementsRequest, ListEntitlementsResponse};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::entitlements};

/// Lists the entitlements of an organization, ordered by name.
pub(crate) async fn list_entitlements(
    app: &App,
    context: &Context,
    request: ListEntitlementsRequest,
) -> Result<ListEntitlementsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit_for_organization(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("entitlements {organization}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let (db, now) = (app.store.reader(), app.engine.clock.now());
    let rows = entitlements::page(db, &organization, &page.after, page.limit(), now).await?;
    let (entitlements, next_page_token) = page.cut(sealer, rows, |entitlement| {
        entitlement.application.replacen("applications/", "", 1)
    });
    Ok(ListEntitlementsResponse {
        entitlements,
        next_page_token,
    })
}
