use api::entitlement::v1::{ListCustomRolesRequest, ListCustomRolesResponse};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::custom_roles};

/// Lists the custom roles of an organization, ordered by name.
pub(crate) async fn list_custom_roles(
    app: &App,
    context: &Context,
    request: ListCustomRolesRequest,
) -> Result<ListCustomRolesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit_anywhere_in(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("custom roles {organization}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    // Ids have no slash.
    let after = page.after.split_once("/roles/").unwrap_or_default();
    let reader = app.store.reader();
    let rows = custom_roles::page(reader, &organization, after, page.limit()).await?;
    let prefix = format!("organizations/{organization}/applications/");
    let (custom_roles, next_page_token) =
        page.cut(sealer, rows, |role| role.name.replacen(&prefix, "", 1));
    Ok(ListCustomRolesResponse {
        custom_roles,
        next_page_token,
    })
}
