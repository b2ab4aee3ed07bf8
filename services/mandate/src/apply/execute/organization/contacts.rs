//! Contacts.

use api::membership::v1::{Contact, CreateContactRequest, UpdateContactRequest};

use super::{Caller, call, id};
use crate::apply::{ApplyError, Changes};

/// Changes and creates contacts. A new one that is primary changes the one that was: what is to be
/// changed of that comes first, with the etag that was read.
pub(super) async fn contacts(
    caller: &Caller,
    parent: &str,
    changes: Changes<Contact>,
) -> Result<(), ApplyError> {
    for change in changes.change {
        let request = UpdateContactRequest {
            update_mask: Some(change.mask()),
            contact: Some(change.fact),
            ..UpdateContactRequest::default()
        };
        call!(caller, Membership: contacts.update_contact(request));
        caller.done(1);
    }
    for contact in changes.create {
        let request = CreateContactRequest {
            parent: parent.to_owned(),
            contact_id: id(&contact.name),
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        call!(caller, Membership: contacts.create_contact(request));
        caller.done(1);
    }
    Ok(())
}
