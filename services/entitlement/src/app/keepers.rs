//! Who must stay: an organization keeps an owner, and an application whoever manages it.

use std::collections::HashSet;

use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::{Grant, Scope};
use base::{OrganizationId, RoleName};
use entitlement_core::management;

use crate::{
    error::Error,
    store::{
        grants::{self, NewGrant},
        members, releases, subjects,
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
    if before.role.to_string() != management::OWNER_ROLE || after.is_some_and(lasts) {
        return Ok(());
    }
    let name = name(organization, before);
    let counted = Counted::find(tx, organization, &before.role, |own| own.name == name).await?;
    counted.owner_stays(organization)
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
    let name = name(organization, before);
    let counted = Counted::find(tx, organization, &before.role, |own| own.name == name).await?;
    let after = after.filter(|after| lasts(after)).map(|after| &after.scope);
    counted.admins_stay(organization, after)
}

/// That an owner is left, and whoever manages each application, when a member leaves.
// SPEC: S1-36, S4-35.
pub(super) async fn member(
    tx: &WriteTx,
    organization: &OrganizationId,
    subject: &str,
) -> Result<(), Error> {
    let counted = async |role| {
        let role = RoleName::parse_name(role).map_err(Fault::internal)?;
        Counted::find(tx, organization, &role, |own| own.subject == subject).await
    };
    let owners = counted(management::OWNER_ROLE).await?;
    owners.owner_stays(organization)?;
    let admins = counted(management::ADMIN_ROLE).await?;
    admins.admins_stay(organization, None)
}

fn name(organization: &OrganizationId, grant: &NewGrant) -> String {
    format!("{}/grants/{}", organization.name(), grant.id)
}

/// Whether a grant counts: what ends by itself is not relied upon.
fn lasts(grant: &NewGrant) -> bool {
    grant.scope.all && grant.end == base::Millis::MAX
}

/// The grants of a role that count and whose holders are active and stay.
struct Counted {
    /// Those that end.
    ending: Vec<Grant>,
    others: Vec<Grant>,
}

impl Counted {
    async fn find(
        tx: &WriteTx,
        organization: &OrganizationId,
        role: &RoleName,
        ends: impl Fn(&Grant) -> bool,
    ) -> Result<Self, Error> {
        let mut found = grants::lasting(tx, organization, role).await?;
        let subjects: Vec<&str> = found.iter().map(|grant| grant.subject.as_str()).collect();
        let members = members::of_subjects(tx.connection(), organization, &subjects).await?;
        let members = members.into_iter().filter(|row| row.active);
        let members: Vec<String> = members.map(|row| row.subject).collect();
        let people = subjects::find(tx.connection(), &members).await?;
        let people = people.into_iter().filter(|row| row.active);
        let mut active: HashSet<String> = people.map(|row| row.name).collect();
        for released in releases::subjects(tx, organization).await? {
            active.remove(&released);
        }
        found.retain(|grant| active.contains(&grant.subject));
        let (ending, others) = found.into_iter().partition(ends);
        Ok(Self { ending, others })
    }

    fn owner_stays(&self, organization: &OrganizationId) -> Result<(), Error> {
        if !self.ending.is_empty() && self.others.is_empty() {
            return Err(Error::LastOwner(organization.name()));
        }
        Ok(())
    }

    /// `instead` is what comes in the place of what ends.
    fn admins_stay(
        &self,
        organization: &OrganizationId,
        instead: Option<&Scope>,
    ) -> Result<(), Error> {
        let left: HashSet<&String> = scopes(&self.others)
            .chain(instead)
            .flat_map(|scope| &scope.applications)
            .collect();
        let mut managed = scopes(&self.ending).flat_map(|scope| &scope.applications);
        match managed.find(|application| !left.contains(application)) {
            Some(application) => Err(Error::LastApplicationAdmin {
                organization: organization.name(),
                application: application.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn scopes(grants: &[Grant]) -> impl Iterator<Item = &Scope> {
    grants.iter().filter_map(|grant| grant.scope.as_ref())
}
