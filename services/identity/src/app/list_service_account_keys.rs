use api::identity::v1::{ListServiceAccountKeysRequest, ListServiceAccountKeysResponse};
use authz::Context;
use service::{Page, parse};
use types::ServiceAccountId;

use super::App;
use crate::{error::Error, store::keys};

/// Lists the keys of a service account, ordered by name.
pub(crate) async fn list_service_account_keys(
    app: &App,
    context: &Context,
    request: ListServiceAccountKeysRequest,
) -> Result<ListServiceAccountKeysResponse, Error> {
    let id = parse("parent", &request.parent, ServiceAccountId::parse_name)?;
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let list = format!("keys {id}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let rows = keys::page(app.store.reader(), &id, &page.after, page.limit()).await?;
    let prefix = format!("{}/keys/", request.parent);
    let (keys, next_page_token) = page.cut(sealer, rows, |key| key.name.replacen(&prefix, "", 1));
    Ok(ListServiceAccountKeysResponse {
        keys,
        next_page_token,
    })
}
