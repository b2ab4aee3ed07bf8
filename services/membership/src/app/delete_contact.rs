use ::store::{Turn, WriteTx};
use api::membership::v1::{Contact, DeleteContactRequest, DeleteContactResponse};
use authz::Context;
use service::{expect_etag, parse};
use types::{ContactId, In};

use super::{App, contact_rules as rules};
use crate::{
    error::Error,
    store::{contacts, organizations},
};

/// Deletes a contact.
pub(crate) async fn delete_contact(
    app: &App,
    context: &Context,
    request: DeleteContactRequest,
) -> Result<DeleteContactResponse, Error> {
    let name = parse("name", &request.name, In::<ContactId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let contact = delete(&mut tx, &name, &request.etag).await?;
    Ok(tx
        .finish(|consistency_token| DeleteContactResponse {
            contact: Some(contact),
            consistency_token,
        })
        .await?)
}

async fn delete(tx: &mut WriteTx, name: &In<ContactId>, etag: &str) -> Result<Contact, Error> {
    let organization = &name.organization;
    organizations::hold(tx, organization).await?;
    let (contact, version) = contacts::find(tx.connection(), name)
        .await?
        .ok_or_else(|| Error::ContactNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    rules::appoint(tx, organization, |all| all.remove(&name.id)).await?;
    contacts::delete(tx, name, version).await?;
    contacts::emit_state(tx, organization).await?;
    Ok(contact)
}
