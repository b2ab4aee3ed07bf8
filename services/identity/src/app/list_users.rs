use ::rpc::Page;
use api::identity::v1::{ListUsersRequest, ListUsersResponse};
use authority::Context;

use super::App;
use crate::{error::Error, store::users};

/// Lists users, ordered by name.
pub(crate) async fn list_users(
    app: &App,
    context: &Context,
    request: ListUsersRequest,
) -> Result<ListUsersResponse, Error> {
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let page = Page::read(
        sealer,
        "users".into(),
        request.page_size,
        &request.page_token,
    )?;
    let rows = users::page(app.store.reader(), &page.after, page.limit()).await?;
    let (users, next_page_token) =
        page.cut(sealer, rows, |user| user.name.replacen("users/", "", 1));
    Ok(ListUsersResponse {
        users,
        next_page_token,
    })
}
