use ::rpc::Fault;
use api::identity::v1::{ListUsersRequest, ListUsersResponse, OidcIdentity};
use authz::Context;
use identity_core::{Login, equalities};
use service::Page;

use super::{App, oidc_identity::oidc_identity};
use crate::{
    error::Error,
    store::users::{self, UserFilter},
};

/// Lists users, ordered by name.
pub(crate) async fn list_users(
    app: &App,
    context: &Context,
    request: ListUsersRequest,
) -> Result<ListUsersResponse, Error> {
    app.permit(context).await?;
    let sealer = app.store.sealer();
    let wanted = wanted(&request.filter)?;
    let list = format!("users {}", request.filter);
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let rows = users::page(app.store.reader(), &wanted, &page.after, page.limit()).await?;
    let (users, next_page_token) =
        page.cut(sealer, rows, |user| user.name.replacen("users/", "", 1));
    Ok(ListUsersResponse {
        users,
        next_page_token,
    })
}

/// Parses a filter.
fn wanted(filter: &str) -> Result<UserFilter, Fault> {
    if filter.is_empty() {
        return Ok(UserFilter::All);
    }
    let found = equalities(filter).unwrap_or_default();
    let found: Vec<(&str, &str)> = found.iter().map(|(name, text)| (*name, &**text)).collect();
    let login = |login: &str, realm: &str| {
        let login = Login::parse(login, realm);
        login.map_err(|error| Fault::field("filter", format!("{} {error}", error.field())))
    };
    match *found.as_slice() {
        [("login", text)] => login(text, "").map(UserFilter::Login),
        [("login", text), ("realm", realm)] => login(text, realm).map(UserFilter::Login),
        [("email", text)] if !text.is_empty() => Ok(UserFilter::Email(text.to_owned())),
        [("oidc.issuer", issuer), ("oidc.subject", subject)] => {
            let identity = OidcIdentity {
                issuer: issuer.to_owned(),
                subject: subject.to_owned(),
            };
            oidc_identity("filter.oidc", &identity)?;
            Ok(UserFilter::Oidc(identity))
        }
        _ => Err(Fault::field(
            "filter",
            "must be `login=\"X\"`, `login=\"X\" AND realm=\"Y\"`, `email=\"X\"` or \
             `oidc.issuer=\"X\" AND oidc.subject=\"Y\"`",
        )),
    }
}
