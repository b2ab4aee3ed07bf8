use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::membership::v1::{Contact, ContactKind, CreateContactRequest, CreateContactResponse};
use authz::Context;
use membership_core::MAX_CONTACTS;
use service::parse;
use types::{ContactId, Id, In, OrganizationId};

use super::{App, contact_rules as rules, id_or_new};
use crate::{
    error::Error,
    store::{contacts, organizations},
};

/// Creates a contact.
pub(crate) async fn create_contact(
    app: &App,
    context: &Context,
    request: CreateContactRequest,
) -> Result<CreateContactResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let id = ContactId::parse(&id_or_new(&request.contact_id, 'c'))
        .map_err(|error| Fault::field("contact_id", error.to_string()))?;
    let contact = request.contact.unwrap_or_default();
    rules::check(&contact)?;
    let contact = insert(&mut tx, &In { organization, id }, contact).await?;
    Ok(tx
        .finish(|consistency_token| CreateContactResponse {
            contact: Some(contact),
            consistency_token,
        })
        .await?)
}

async fn insert(
    tx: &mut WriteTx,
    name: &In<ContactId>,
    mut contact: Contact,
) -> Result<Contact, Error> {
    let organization = &name.organization;
    organizations::hold(tx, organization).await?;
    if contacts::all(tx.connection(), organization).await?.len() >= MAX_CONTACTS {
        return Err(Error::TooManyContacts);
    }
    if contact.kind() == ContactKind::Representative {
        let with = rules::appoint(tx, organization, |all| {
            all.add(name.id.clone(), contact.primary);
            Ok(())
        });
        contact.primary = with.await?.primary() == Some(&name.id);
    }
    let contact = match contacts::insert(tx, name, contact).await {
        Err(StoreError::Duplicate(_)) => return Err(Error::ContactExists(name.to_string())),
        other => other?,
    };
    contacts::emit_state(tx, organization).await?;
    Ok(contact)
}
