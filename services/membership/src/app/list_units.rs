use api::membership::v1::{ListUnitsRequest, ListUnitsResponse};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::units};

/// Lists units, ordered by name.
pub(crate) async fn list_units(
    app: &App,
    context: &Context,
    request: ListUnitsRequest,
) -> Result<ListUnitsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("units {organization}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let rows = units::page(app.store.reader(), &organization, &page.after, page.limit()).await?;
    let prefix = format!("{}/units/", request.parent);
    let (units, next_page_token) =
        page.cut(sealer, rows, |unit| unit.name.replacen(&prefix, "", 1));
    Ok(ListUnitsResponse {
        units,
        next_page_token,
    })
}
