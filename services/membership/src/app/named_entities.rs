//! The entities that a change request names, and whether they were deleted since it was created.

use std::collections::{BTreeMap, BTreeSet};

use ::store::Connection;
use api::{
    entitlement::v1::{EntityIdentity, GrantChange, Scope, grant_change::Change},
    membership::v1::{ChangeRequest, NamedEntity, change_request::Kind},
};
use types::OrganizationId;

use crate::{error::Error, store::uids};

/// Records the identities of the entities that a new request names.
pub(super) async fn note(
    db: &impl Connection,
    organization: &OrganizationId,
    request: &mut ChangeRequest,
) -> Result<(), Error> {
    let names = names(request);
    let now = uids::find(db, organization, &names).await?;
    request.named = named(&names, &now);
    Ok(())
}

/// Marks the named entities of requests that were deleted since.
pub(super) async fn look_up(
    db: &impl Connection,
    organization: &OrganizationId,
    requests: &mut [ChangeRequest],
) -> Result<(), Error> {
    for request in &mut *requests {
        if request.named.is_empty() {
            // The request was created before `uid`s existed.
            request.named = named(&names(request), &BTreeMap::new());
        }
    }
    let all = requests.iter().flat_map(|request| &request.named);
    let all = all.map(|named| named.name.as_str()).collect();
    let now = uids::find(db, organization, &all).await?;
    for named in requests.iter_mut().flat_map(|request| &mut request.named) {
        named.deleted = match now.get(&named.name) {
            // An entity that did not exist then is not the one that was meant.
            Some(uid) => *uid != named.uid,
            None => !named.uid.is_empty(),
        };
    }
    Ok(())
}

/// Checks that no entity that a request names was deleted since.
pub(super) fn check(request: &ChangeRequest) -> Result<(), Error> {
    match request.named.iter().find(|named| named.deleted) {
        Some(named) => Err(Error::DeletedSince(named.name.clone())),
        None => Ok(()),
    }
}

/// Returns the identities of the named entities, for entitlement to compare.
pub(super) fn identities(request: &ChangeRequest) -> Vec<EntityIdentity> {
    let named = request.named.iter();
    let named = named.map(|named| EntityIdentity {
        name: named.name.clone(),
        uid: named.uid.clone(),
    });
    named.collect()
}

fn named(names: &BTreeSet<&str>, uids: &BTreeMap<String, String>) -> Vec<NamedEntity> {
    let named = names.iter().map(|name| NamedEntity {
        name: (*name).to_owned(),
        uid: uids.get(*name).cloned().unwrap_or_default(),
        deleted: false,
    });
    named.collect()
}

/// Returns the names of the membership, and of the units and resources in the scopes of new and
/// changed grants.
fn names(request: &ChangeRequest) -> BTreeSet<&str> {
    let (membership, changes): (&str, &[GrantChange]) = match &request.kind {
        Some(Kind::ChangeAccess(change)) => (&change.membership, &change.changes),
        Some(Kind::Deactivate(deactivation)) => (&deactivation.membership, &[]),
        None => return BTreeSet::new(),
    };
    let places = changes.iter().filter_map(scope);
    let places = places.flat_map(|scope| scope.units.iter().chain(&scope.resources));
    std::iter::once(membership)
        .chain(places.map(String::as_str))
        .collect()
}

fn scope(change: &GrantChange) -> Option<&Scope> {
    let grant = match change.change.as_ref()? {
        Change::Create(create) => create.grant.as_ref(),
        Change::Update(update) => update.grant.as_ref(),
        Change::Revoke(_) => None,
    };
    grant?.scope.as_ref()
}
