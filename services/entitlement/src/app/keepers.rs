//! Who must stay: an organization keeps an owner, and an application whoever manages it.

use std::collections::HashSet;

use ::store::WriteTx;
use api::entitlement::v1::Grant;
use base::{OrganizationId, RoleName};
use entitlement_core::management;

use crate::{
    error::Error,
    store::{
        grants::{self, NewGrant},
        members, subjects,
    },
};

/// That an owner is left when a grant becomes what `after` is, or ends.
// SPEC: S2-31.
pub(super) async fn owner(
    tx: &WriteTx,
    organization: &OrganizationId,
    before: &NewGrant,
    after: Option<&NewGrant>,
) -> Result<(), Error> {
    if before.role.to_string() != management::OWNER_ROLE {
        return Ok(());
    }
    let (own, others) = keeping(tx, organization, before).await?;
    let stays = after.is_some_and(lasts);
    if own && !stays && others.is_empty() {
        return Err(Error::LastOwner(organization.name()));
    }
    Ok(())
}

/// That whoever manages an application is left when a grant becomes what `after` is, or ends.
// SPEC: S0-29.
pub(super) async fn admin(
    tx: &WriteTx,
    organization: &OrganizationId,
    before: &NewGrant,
    after: Option<&NewGrant>,
) -> Result<(), Error> {
    if before.role.to_string() != management::ADMIN_ROLE {
        return Ok(());
    }
    let (own, others) = keeping(tx, organization, before).await?;
    if !own {
        return Ok(());
    }
    let after = after.filter(|after| lasts(after)).map(|after| &after.scope);
    let left = others.iter().filter_map(|grant| grant.scope.as_ref());
    let left: HashSet<&String> = left
        .chain(after)
        .flat_map(|scope| &scope.applications)
        .collect();
    let mut managed = before.scope.applications.iter();
    let lost = managed.find(|application| !left.contains(application));
    match lost {
        Some(application) => Err(Error::LastApplicationAdmin {
            organization: organization.name(),
            application: application.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether a grant counts: what ends by itself is not relied upon.
fn lasts(grant: &NewGrant) -> bool {
    grant.scope.all && grant.end == base::Millis::MAX
}

/// Whether a grant is among those of its role that count and whose holders are active, and the
/// others of them.
async fn keeping(
    tx: &WriteTx,
    organization: &OrganizationId,
    grant: &NewGrant,
) -> Result<(bool, Vec<Grant>), Error> {
    let role: &RoleName = &grant.role;
    let mut found = grants::lasting(tx, organization, role).await?;
    let subjects: Vec<&str> = found.iter().map(|grant| grant.subject.as_str()).collect();
    let members = members::of_subjects(tx.connection(), organization, &subjects).await?;
    let members = members.into_iter().filter(|row| row.active);
    let members: Vec<String> = members.map(|row| row.subject).collect();
    let people = subjects::find(tx.connection(), &members).await?;
    let active: HashSet<String> = people
        .into_iter()
        .filter(|row| row.active)
        .map(|row| row.name)
        .collect();
    found.retain(|grant| active.contains(&grant.subject));
    let name = format!("{}/grants/{}", organization.name(), grant.id);
    let all = found.len();
    found.retain(|grant| grant.name != name);
    Ok((found.len() < all, found))
}
