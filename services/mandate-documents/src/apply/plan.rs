//! The difference between the documents and the server. Nothing is deleted: entities that only the
//! server has stay.

mod difference;
mod entry;

use std::{
    collections::{BTreeMap, HashMap},
    iter::Sum,
};

use api::{
    entitlement::v1::{Application, CustomRole, Entitlement, Grant, GrantState},
    identity::v1::{ServiceAccount, ServiceAccountKey, User},
    membership::v1::{Contact, Membership, Organization, Resource, Unit},
};

pub use difference::{Change, Changes, FieldChange, StateChange};
pub use entry::{Action, Entry};

use super::{
    facts::{Facts, OrganizationFacts},
    refusal::Refusal,
};
use difference::{Tally, difference};

/// The changes of a run.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Applications.
    pub applications: Changes<Application>,
    /// Service accounts.
    pub service_accounts: Changes<ServiceAccount>,
    /// OIDC identities of service accounts.
    pub identities: Changes<ServiceAccountKey>,
    /// Users.
    pub users: Changes<User>,
    /// The changes in each organization, by its name.
    pub organizations: BTreeMap<String, OrganizationPlan>,
}

/// The changes in one organization.
#[derive(Debug, Clone, Default)]
pub struct OrganizationPlan {
    /// The organization itself.
    pub organization: Changes<Organization>,
    /// Contacts; the one that becomes primary is changed last.
    pub contacts: Changes<Contact>,
    /// Entitlements.
    pub entitlements: Changes<Entitlement>,
    /// Units; a new unit comes after its parent.
    pub units: Changes<Unit>,
    /// Resources.
    pub resources: Changes<Resource>,
    /// Memberships.
    pub memberships: Changes<Membership>,
    /// Custom roles.
    pub custom_roles: Changes<CustomRole>,
    /// Grants.
    pub grants: Changes<Grant>,
    /// Grants in the documents that somebody has revoked: they stay revoked.
    pub revoked: Vec<Grant>,
}

/// The number of facts to create, change, and leave alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Created.
    pub created: usize,
    /// Changed, in fields or in state.
    pub changed: usize,
    /// Facts that are already as declared.
    pub unchanged: usize,
    /// Facts left as they are in spite of the documents.
    pub skipped: usize,
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, one| Self {
            created: sum.created + one.created,
            changed: sum.changed + one.changed,
            unchanged: sum.unchanged + one.unchanged,
            skipped: sum.skipped + one.skipped,
        })
    }
}

/// Compares the desired state with the server's. Adds to `refusals` the differences that no call
/// can remove.
pub(super) fn plan(desired: Facts, state: &Facts, refusals: &mut Vec<Refusal>) -> Plan {
    let mut plan = Plan {
        applications: difference(desired.applications, &state.applications, refusals),
        service_accounts: difference(desired.service_accounts, &state.service_accounts, refusals),
        identities: difference(desired.identities, &state.identities, refusals),
        users: difference(desired.users, &state.users, refusals),
        organizations: BTreeMap::new(),
    };
    let nothing = OrganizationFacts::default();
    for (name, facts) in desired.organizations {
        let current = state.organizations.get(&name);
        let known = current.map(|current| (name.clone(), current.organization.clone()));
        let changes = OrganizationPlan {
            organization: difference(
                BTreeMap::from([(name.clone(), facts.organization.clone())]),
                &known.into_iter().collect(),
                refusals,
            ),
            ..organization(facts, current.unwrap_or(&nothing), refusals)
        };
        plan.organizations.insert(name, changes);
    }
    plan
}

impl Plan {
    /// Returns the number of facts to create, change, and leave alone.
    pub fn counts(&self) -> Counts {
        let skipped = self.organizations.values().map(|own| own.revoked.len());
        Counts {
            skipped: skipped.sum(),
            ..self.kinds().map(Tally::counts).sum()
        }
    }

    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps() == 0
    }

    pub(super) fn steps(&self) -> usize {
        self.kinds().map(Tally::steps).sum()
    }

    fn kinds(&self) -> impl Iterator<Item = &dyn Tally> {
        let shared: [&dyn Tally; 4] = [
            &self.applications,
            &self.service_accounts,
            &self.identities,
            &self.users,
        ];
        let own = self.organizations.values();
        shared
            .into_iter()
            .chain(own.flat_map(OrganizationPlan::kinds))
    }
}

impl OrganizationPlan {
    /// True if there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.kinds().iter().all(|kind| kind.steps() == 0)
    }

    fn kinds(&self) -> [&dyn Tally; 8] {
        [
            &self.organization,
            &self.contacts,
            &self.entitlements,
            &self.units,
            &self.resources,
            &self.memberships,
            &self.custom_roles,
            &self.grants,
        ]
    }
}

fn organization(
    mut desired: OrganizationFacts,
    current: &OrganizationFacts,
    refusals: &mut Vec<Refusal>,
) -> OrganizationPlan {
    // A revoked grant never becomes active again, and its revocation was intended.
    let revoked = |name: &String| {
        let found = current.grants.get(name)?;
        (found.state() == GrantState::Revoked).then(|| found.clone())
    };
    let revoked: Vec<Grant> = desired.grants.keys().filter_map(revoked).collect();
    for grant in &revoked {
        desired.grants.remove(&grant.name);
    }
    let mut units = difference(desired.units, &current.units, refusals);
    sort_by_depth(&mut units.create);
    let mut contacts = difference(desired.contacts, &current.contacts, refusals);
    // A new primary contact changes the previous one: other changes of that one go first.
    contacts.change.sort_by_key(Change::makes_primary);
    OrganizationPlan {
        organization: Changes::default(),
        contacts,
        entitlements: difference(desired.entitlements, &current.entitlements, refusals),
        units,
        resources: difference(desired.resources, &current.resources, refusals),
        memberships: difference(desired.memberships, &current.memberships, refusals),
        custom_roles: difference(desired.custom_roles, &current.custom_roles, refusals),
        grants: difference(desired.grants, &current.grants, refusals),
        revoked,
    }
}

/// Sorts every unit after its parent.
fn sort_by_depth(units: &mut [Unit]) {
    let above: HashMap<String, String> = units
        .iter()
        .map(|unit| (unit.name.clone(), unit.parent_unit.clone()))
        .collect();
    units.sort_by_cached_key(|unit| {
        let mut depth = 0;
        let mut parent = &unit.parent_unit;
        // Validation has refused cycles; the bound keeps a defect in it from looping.
        while let Some(next) = above.get(parent)
            && depth < above.len()
        {
            depth += 1;
            parent = next;
        }
        depth
    });
}

#[cfg(test)]
mod tests;
