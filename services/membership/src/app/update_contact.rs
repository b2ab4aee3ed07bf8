use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::membership::v1::{Contact, ContactKind, UpdateContactRequest, UpdateContactResponse};
use authz::Context;
use service::{expect_etag, parse};
use types::{ContactId, In};

use super::{App, contact_rules as rules};
use crate::{
    error::Error,
    store::{contacts, organizations},
};

/// Changes the fields that the mask names.
pub(crate) async fn update_contact(
    app: &App,
    context: &Context,
    request: UpdateContactRequest,
) -> Result<UpdateContactResponse, Error> {
    let new = request.contact.clone().unwrap_or_default();
    let name = parse("contact.name", &new.name, In::<ContactId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let paths = request.update_mask.unwrap_or_default().paths;
    let contact = update(&mut tx, &name, new, &paths).await?;
    Ok(tx
        .finish(|consistency_token| UpdateContactResponse {
            contact: Some(contact),
            consistency_token,
        })
        .await?)
}

async fn update(
    tx: &mut WriteTx,
    name: &In<ContactId>,
    new: Contact,
    paths: &[String],
) -> Result<Contact, Error> {
    let organization = &name.organization;
    organizations::hold(tx, organization).await?;
    let (mut contact, version) = contacts::find(tx.connection(), name)
        .await?
        .ok_or(Error::ContactNotFound(new.name))?;
    expect_etag(&new.etag, version)?;
    for path in paths {
        match path.as_str() {
            "display_name" => contact.display_name.clone_from(&new.display_name),
            "uri" => contact.uri.clone_from(&new.uri),
            "primary" => contact.primary = new.primary,
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    rules::check(&contact)?;
    if contact.kind() == ContactKind::Representative {
        rules::appoint(tx, organization, |all| all.set(&name.id, contact.primary)).await?;
    }
    let contact = contacts::update(tx, name, version, contact).await?;
    contacts::emit_state(tx, organization).await?;
    Ok(contact)
}
