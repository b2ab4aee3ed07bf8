//! The difference between what documents say and what the server has. Nothing is deleted: what
//! the server has and the documents have not stays.

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

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Applications.
    pub applications: Changes<Application>,
    /// Service accounts.
    pub service_accounts: Changes<ServiceAccount>,
    /// Whose tokens prove them.
    pub identities: Changes<ServiceAccountKey>,
    /// Users.
    pub users: Changes<User>,
    /// What is in each organization, by its name.
    pub organizations: BTreeMap<String, OrganizationPlan>,
}

/// What is to be done in one organization.
#[derive(Debug, Clone, Default)]
pub struct OrganizationPlan {
    /// The organization itself.
    pub organization: Changes<Organization>,
    /// Contacts; the one that is to be primary is changed last.
    pub contacts: Changes<Contact>,
    /// Entitlements.
    pub entitlements: Changes<Entitlement>,
    /// Units; those to create come after the units above them.
    pub units: Changes<Unit>,
    /// Resources.
    pub resources: Changes<Resource>,
    /// Memberships.
    pub memberships: Changes<Membership>,
    /// Roles of its own.
    pub custom_roles: Changes<CustomRole>,
    /// Grants.
    pub grants: Changes<Grant>,
    /// Grants that the documents give and somebody has revoked: they stay so.
    pub revoked: Vec<Grant>,
}

/// How many facts are to be created, changed, and left alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Created.
    pub created: usize,
    /// Changed, in fields or in state.
    pub changed: usize,
    /// As they should be already.
    pub unchanged: usize,
    /// Left as they are, whatever the documents say.
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

/// Compares what there is to be with what the server has. Adds to `refusals` what no call can do.
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
    /// How many facts are to be created, changed, and left alone.
    pub fn counts(&self) -> Counts {
        let skipped = self.organizations.values().map(|own| own.revoked.len());
        Counts {
            skipped: skipped.sum(),
            ..self.kinds().map(Tally::counts).sum()
        }
    }

    /// Whether there is nothing to do.
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
    /// Whether there is nothing to do.
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
    // A revoked grant never holds again, and who revoked it meant so.
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
    // Who becomes primary changes who was: whatever else is to be changed of that one goes first.
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

/// Puts every unit after the unit above it.
fn sort_by_depth(units: &mut [Unit]) {
    let above: HashMap<String, String> = units
        .iter()
        .map(|unit| (unit.name.clone(), unit.parent_unit.clone()))
        .collect();
    units.sort_by_cached_key(|unit| {
        let mut depth = 0;
        let mut parent = &unit.parent_unit;
        // Validation has refused circles; the bound keeps a defect of it from looping.
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
