use api::entitlement::v1::{ListRolesRequest, ListRolesResponse};
use authz::Context;
use service::{Page, parse};
use types::ApplicationId;

use super::App;
use crate::{error::Error, store::applications};

/// Lists the roles of an application in their display order.
pub(crate) async fn list_roles(
    app: &App,
    context: &Context,
    request: ListRolesRequest,
) -> Result<ListRolesResponse, Error> {
    let id = parse("parent", &request.parent, ApplicationId::parse_name)?;
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let list = format!("roles {id}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let (application, _) = applications::find(app.store.reader(), &id)
        .await?
        .ok_or(Error::ApplicationNotFound(request.parent))?;
    // If the last role of the previous page was removed since, the list ends here and must be read
    // again.
    let roles = application.roles.into_iter();
    let rows = match page.after.as_str() {
        "" => roles.collect(),
        after => roles
            .skip_while(|role| role.role_id != after)
            .skip(1)
            .collect(),
    };
    let (roles, next_page_token) = page.cut(sealer, rows, |role| role.role_id.clone());
    Ok(ListRolesResponse {
        roles,
        next_page_token,
    })
}
