//! Checks that names still refer to the entities that a request meant.

use ::store::WriteTx;
use api::entitlement::v1::EntityIdentity;
use types::OrganizationId;

use crate::{
    error::Error,
    store::{
        grant_places::{Uids, place},
        members, resources, units,
    },
};

/// Checks that the memberships, units and resources of an organization are the meant ones, as far
/// as they exist. Missing ones cause other errors.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    identities: &[EntityIdentity],
) -> Result<(), Error> {
    let ids = |kind: &str| -> Vec<&str> {
        let places = identities.iter().map(|identity| place(&identity.name));
        places
            .filter_map(|place| place.strip_prefix(kind))
            .collect()
    };
    let db = tx.connection();
    let units = units::find(db, organization, &ids("units/")).await?;
    let mut known: Uids = units
        .into_iter()
        .map(|row| (row.place(), row.uid))
        .collect();
    let resources = resources::find(db, organization, &ids("resources/")).await?;
    known.extend(resources.into_iter().map(|row| (row.place(), row.uid)));
    let members = members::of_ids(db, organization, &ids("memberships/")).await?;
    known.extend(members.into_iter().map(|row| (row.place(), row.uid)));
    let other = identities.iter().find(|identity| {
        let known = known.get(place(&identity.name));
        known.is_some_and(|uid| *uid != identity.uid)
    });
    other.map_or(Ok(()), |other| Err(Error::DeletedSince(other.name.clone())))
}
