//! Rules of contacts, among them that exactly one representative is primary.

use ::rpc::Fault;
use ::store::{StoreError, WriteTx};
use api::membership::v1::{Contact, ContactKind};
use membership_core::{IsPrimary, Representatives, check_uri};
use service::required;
use types::{In, OrganizationId};

use crate::{error::Error, store::contacts};

/// Checks the fields of a contact.
pub(super) fn check(contact: &Contact) -> Result<(), Fault> {
    if contact.kind() == ContactKind::Unspecified {
        return Err(Fault::field("contact.kind", "must be set"));
    }
    required("contact.display_name", &contact.display_name)?;
    check_uri(&contact.uri).map_err(|error| Fault::field("contact.uri", error.to_string()))?;
    if contact.primary && contact.kind() != ContactKind::Representative {
        let only = "is only for representatives";
        return Err(Fault::field("contact.primary", only));
    }
    Ok(())
}

/// Returns the representatives after `change`. Stores a former primary one as no longer primary;
/// the caller must write the new one.
pub(super) async fn appoint(
    tx: &WriteTx,
    organization: &OrganizationId,
    change: impl FnOnce(&mut Representatives) -> Result<(), IsPrimary>,
) -> Result<Representatives, Error> {
    let mut representatives = contacts::representatives(tx.connection(), organization).await?;
    let former = representatives.primary().cloned();
    change(&mut representatives).map_err(|error| primary(organization, error))?;
    if let Some(id) = former
        && representatives.primary().is_some_and(|now| *now != id)
    {
        let organization = organization.clone();
        let name = In { organization, id };
        let found = contacts::find(tx.connection(), &name).await?;
        let (contact, version) = found.ok_or(StoreError::Stale)?;
        let stepped_down = Contact {
            primary: false,
            ..contact
        };
        contacts::update(tx, &name, version, stepped_down).await?;
    }
    Ok(representatives)
}

fn primary(organization: &OrganizationId, IsPrimary(id): IsPrimary) -> Error {
    let organization = organization.clone();
    Error::PrimaryRepresentative(In { organization, id }.to_string())
}
