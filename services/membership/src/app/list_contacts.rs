use api::membership::v1::{Contact, ListContactsRequest, ListContactsResponse};
use authz::Context;
use service::{Page, parse};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::contacts};

/// Lists contacts, ordered by name.
pub(crate) async fn list_contacts(
    app: &App,
    context: &Context,
    request: ListContactsRequest,
) -> Result<ListContactsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit(context, &organization).await?;
    let sealer = app.store.sealer();
    let list = format!("contacts {organization}");
    let page = Page::read(sealer, list, request.page_size, &request.page_token)?;
    let mut rows = visible_contacts(app, &organization).await?;
    rows.retain(|contact| contact.name > page.after);
    rows.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let (contacts, next_page_token) = page.cut(sealer, rows, |contact| contact.name.clone());
    Ok(ListContactsResponse {
        contacts,
        next_page_token,
    })
}

/// Returns the contacts of an organization; without a representative of its own, the operator's
/// primary contact is among them.
// SPEC: S0-9.
async fn visible_contacts(app: &App, organization: &OrganizationId) -> Result<Vec<Contact>, Error> {
    let db = app.store.reader();
    let mut contacts = contacts::all(db, organization).await?;
    if !contacts.iter().any(|contact| contact.primary) {
        contacts.extend(contacts::primary(db, &OrganizationId::operator()).await?);
    }
    Ok(contacts)
}
