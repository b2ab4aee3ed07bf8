//! Contacts.

use api::membership::v1::{Contact, CreateContactRequest, UpdateContactRequest};

use super::{Caller, Halted, call, id};
use crate::apply::Changes;

/// Changes and creates contacts. A new primary contact changes the previous one; other changes of
/// that one come first, with the etag that was read.
pub(super) async fn contacts(
    caller: &Caller,
    parent: &str,
    changes: Changes<Contact>,
) -> Result<(), Halted> {
    for change in changes.change {
        let name = change.fact.name.clone();
        let request = UpdateContactRequest {
            update_mask: Some(change.mask()),
            contact: Some(change.fact),
            ..UpdateContactRequest::default()
        };
        call!(caller, name, Membership: contacts.update_contact(request));
    }
    for contact in changes.create {
        let name = contact.name.clone();
        let request = CreateContactRequest {
            parent: parent.to_owned(),
            contact_id: id(&name),
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        call!(caller, name, Membership: contacts.create_contact(request));
    }
    Ok(())
}
