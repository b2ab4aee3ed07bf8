use api::identity::v1::{ListServiceAccountsRequest, ListServiceAccountsResponse};
use authz::Context;
use service::Page;

use super::App;
use crate::{error::Error, store::service_accounts};

/// Lists service accounts, ordered by name.
pub(crate) async fn list_service_accounts(
    app: &App,
    context: &Context,
    request: ListServiceAccountsRequest,
) -> Result<ListServiceAccountsResponse, Error> {
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let page = Page::read(
        sealer,
        "serviceAccounts".into(),
        request.page_size,
        &request.page_token,
    )?;
    let rows = service_accounts::page(app.store.reader(), &page.after, page.limit()).await?;
    let (service_accounts, next_page_token) = page.cut(sealer, rows, |account| {
        account.name.replacen("serviceAccounts/", "", 1)
    });
    Ok(ListServiceAccountsResponse {
        service_accounts,
        next_page_token,
    })
}
