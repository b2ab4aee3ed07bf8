use api::membership::v1::{ListResourcesRequest, ListResourcesResponse};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::resources};

/// Lists resources, ordered by name.
pub(crate) async fn list_resources(
    app: &App,
    context: &Context,
    request: ListResourcesRequest,
) -> Result<ListResourcesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("resources {organization}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let rows =
        resources::page(app.store.reader(), &organization, &page.after, page.limit()).await?;
    let prefix = format!("{}/resources/", request.parent);
    let (resources, next_page_token) = page.cut(sealer, rows, |resource| {
        resource.name.replacen(&prefix, "", 1)
    });
    Ok(ListResourcesResponse {
        resources,
        next_page_token,
    })
}
