use api::membership::v1::{GetContactRequest, GetContactResponse};
use authz::Context;
use service::parse;
use types::{ContactId, In};

use super::App;
use crate::{error::Error, store::contacts};

/// Returns one contact.
pub(crate) async fn get_contact(
    app: &App,
    context: &Context,
    request: GetContactRequest,
) -> Result<GetContactResponse, Error> {
    let name = parse("name", &request.name, In::<ContactId>::parse_name)?;
    app.permit(context, &name.organization).await?;
    let (contact, _) = contacts::find(app.store.reader(), &name)
        .await?
        .ok_or(Error::ContactNotFound(request.name))?;
    Ok(GetContactResponse {
        contact: Some(contact),
    })
}
