use api::membership::v1::{ListOrganizationsRequest, ListOrganizationsResponse};
use authz::Context;
use service::Page;

use super::App;
use crate::{error::Error, store::organizations};

/// Lists organizations, ordered by name.
pub(crate) async fn list_organizations(
    app: &App,
    context: &Context,
    request: ListOrganizationsRequest,
) -> Result<ListOrganizationsResponse, Error> {
    app.operator_permit(context).await?;
    let sealer = app.store.sealer();
    let page = Page::read(
        sealer,
        "organizations".into(),
        request.page_size,
        &request.page_token,
    )?;
    let rows = organizations::page(app.store.reader(), &page.after, page.limit()).await?;
    let (organizations, next_page_token) = page.cut(sealer, rows, |organization| {
        organization.name.replacen("organizations/", "", 1)
    });
    Ok(ListOrganizationsResponse {
        organizations,
        next_page_token,
    })
}
