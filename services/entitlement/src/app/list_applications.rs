use ::rpc::Page;
use api::entitlement::v1::{ListApplicationsRequest, ListApplicationsResponse};
use authority::Context;

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
    let list = "applications".to_owned();
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let rows = applications::page(app.store.reader(), &page.after, page.limit()).await?;
    let (applications, next_page_token) = page.cut(sealer, rows, |application| {
        application.name.replacen("applications/", "", 1)
    });
    Ok(ListApplicationsResponse {
        applications,
        next_page_token,
    })
}
