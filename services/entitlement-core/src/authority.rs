//! The delegation rule: nobody can create, change or revoke a grant beyond their own access.
//!
//! One rule over role, scope, validity and delegation, used wherever a grant is created, changed or
//! ends.

use types::UnixTime;

use crate::{
    catalog::{ApplicationIndex, PermissionIndex},
    decide::{Facts, active_member},
    facts::{Grant, Member},
    management,
    scope::{Scope, Target},
};

/// The access of a granter, which bounds the grants that the granter may create.
#[derive(Debug, Clone, Copy)]
pub struct Granter<'a> {
    /// The granter's facts in the organization.
    pub here: Facts<'a>,
    /// The granter's facts in the operator organization: a grant over all of it holds in every
    /// organization.
    pub operator: Facts<'a>,
    /// The time of the check.
    pub now: UnixTime,
}

/// The applications and locations of a grant.
#[derive(Debug, Clone, Copy)]
pub struct GrantTarget<'a> {
    /// The application of the role, or the applications whose administration it gives. `None` for
    /// one that is not in the catalog.
    pub applications: &'a [Option<ApplicationIndex>],
    /// The locations; the organization stands for all of them.
    pub places: &'a [Target],
}

/// A grant to be created, changed or revoked.
#[derive(Debug, Clone, Copy)]
pub struct ProposedGrant<'a> {
    /// The management permissions that the role holds.
    pub manages: &'a [PermissionIndex],
    /// Its applications and locations.
    pub about: GrantTarget<'a>,
    /// The end of the grant; no requirement if a grant is revoked.
    pub until: UnixTime,
    /// True if granter and holder are the same.
    pub is_own: bool,
    /// True if the holder owns the organization.
    pub is_owners: bool,
}

/// The reason why the granter may not create, change or revoke a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelegationError {
    /// The grant is the granter's own access.
    Own,
    /// The grant is the access of an owner, and the granter is not an owner.
    Owners,
    /// The granter does not administer the application.
    Application,
    /// The granter administers it, but not at the location with this index.
    Place(usize),
    /// The granter administers it there, but not everywhere or not for as long; or lacks a
    /// permission that the role would pass on, or may not delegate it.
    ExceedsGranter,
}

/// Requirements on a covering grant, beside its permission and location.
#[derive(Debug, Clone, Copy)]
struct Requirement {
    until: UnixTime,
    can_delegate: bool,
}

impl ProposedGrant<'_> {
    /// Checks that the granter may create or revoke the grant.
    ///
    /// # Errors
    /// The first [`DelegationError`] that applies.
    // SPEC: S0-3, S0-4, S2-25, S3-6, S3-47, S3-48.
    pub fn check(&self, power: &Granter<'_>) -> Result<(), DelegationError> {
        if self.is_own {
            return Err(DelegationError::Own);
        }
        if self.is_owners && !power.owns() {
            return Err(DelegationError::Owners);
        }
        let catalog = power.here.catalog;
        let demand = Requirement {
            until: self.until,
            can_delegate: false,
        };
        let write = catalog.permission(management::GRANTS_WRITE);
        power.covers_with(write, &self.about, demand)?;
        let demand = Requirement {
            can_delegate: true,
            ..demand
        };
        let may_give = |given: &PermissionIndex| {
            let covers_with = power.covers_with(Some(*given), &self.about, demand);
            covers_with.is_ok()
        };
        let mut given = self.manages.iter();
        given
            .all(may_give)
            .then_some(())
            .ok_or(DelegationError::ExceedsGranter)
    }
}

impl Granter<'_> {
    /// Returns a grant that holds a permission at any location, for any application.
    pub fn anywhere(&self, permission: PermissionIndex) -> Option<&Grant> {
        let mut everywhere = self.everywhere(permission);
        everywhere
            .next()
            .or_else(|| self.active_grants(permission).next())
    }

    /// True if the granter holds a permission over all applications and locations of a grant.
    pub fn reaches(&self, permission: PermissionIndex, about: &GrantTarget<'_>) -> bool {
        let demand = Requirement {
            until: UnixTime::MIN,
            can_delegate: false,
        };
        self.covers_with(Some(permission), about, demand).is_ok()
    }

    /// Returns a member with only those grants that the caller may see by a read permission: the
    /// caller must hold it over every application and location of the grant.
    #[must_use]
    pub fn seen(&self, read: PermissionIndex, member: &Member) -> Member {
        let grants = member.grants.iter();
        let grants = grants.filter(|grant| self.sees(read, grant));
        Member {
            grants: grants.cloned().collect(),
            ..*member
        }
    }

    fn sees(&self, read: PermissionIndex, grant: &Grant) -> bool {
        let of_role = [self.here.roles().application(grant.role)];
        let bound = grant.applications();
        let bound: Vec<_> = bound.into_iter().flatten().copied().map(Some).collect();
        let places: Vec<Target> = match &grant.scope {
            // A grant whose locations were all deleted is visible only to callers who see
            // everything.
            Scope::Parts(parts) if !parts.is_empty() => {
                parts.iter().map(|part| (*part).into()).collect()
            }
            _ => vec![Target::Organization],
        };
        let about = GrantTarget {
            applications: if bound.is_empty() { &of_role } else { &bound },
            places: &places,
        };
        self.reaches(read, &about)
    }

    /// True if the granter owns the organization, or manages it from the operator organization.
    pub fn owns(&self) -> bool {
        let catalog = self.here.catalog;
        let Some(write) = catalog.permission(management::GRANTS_WRITE) else {
            return false;
        };
        let owner = self.here.roles().find(management::OWNER_ROLE);
        self.everywhere(write).next().is_some()
            || self
                .active_grants(write)
                .any(|grant| Some(grant.role) == owner)
    }

    /// True if the granter may delegate everything, in any organization and without expiry.
    pub fn gives_everything(&self) -> bool {
        let catalog = self.here.catalog;
        let managing = catalog.application(management::APPLICATION);
        let mut all = managing
            .into_iter()
            .flat_map(|application| catalog.permissions_of(application))
            .peekable();
        all.peek().is_some()
            && all.all(|permission| {
                let mut active_grants = self.everywhere(permission);
                active_grants
                    .any(|grant| grant.can_delegate && grant.validity().end == UnixTime::MAX)
            })
    }

    fn covers_with(
        &self,
        permission: Option<PermissionIndex>,
        about: &GrantTarget<'_>,
        demand: Requirement,
    ) -> Result<(), DelegationError> {
        let permission = permission.ok_or(DelegationError::Application)?;
        let meets = |grant: &&Grant| {
            grant.validity().end >= demand.until && (grant.can_delegate || !demand.can_delegate)
        };
        if self.everywhere(permission).any(|grant| meets(&grant)) {
            return Ok(());
        }
        for application in about.applications {
            let active_grants = || {
                let active_grants = self.active_grants(permission);
                active_grants.filter(|grant| concerns(grant, *application))
            };
            if active_grants().next().is_none() {
                return Err(DelegationError::Application);
            }
            for (index, place) in about.places.iter().enumerate() {
                let mut there = active_grants()
                    .filter(|grant| self.covers(grant, *place))
                    .peekable();
                if there.peek().is_none() && *place != Target::Organization {
                    return Err(DelegationError::Place(index));
                }
                if !there.any(|grant| meets(&grant)) {
                    return Err(DelegationError::ExceedsGranter);
                }
            }
        }
        Ok(())
    }

    /// Returns the grants in force in the organization that hold a permission.
    fn active_grants(&self, permission: PermissionIndex) -> impl Iterator<Item = &Grant> {
        active_grants(&self.here, permission, self.now)
    }

    /// Returns the grants in force that hold a permission in every organization.
    fn everywhere(&self, permission: PermissionIndex) -> impl Iterator<Item = &Grant> {
        active_grants(&self.operator, permission, self.now)
            .filter(|grant| grant.scope == Scope::All && grant.applications().is_none())
    }

    /// `All` also covers missing locations: existence is checked elsewhere.
    fn covers(&self, grant: &Grant, place: Target) -> bool {
        let tree = self.here.organization.map(|facts| &facts.tree);
        grant.scope == Scope::All || tree.is_some_and(|tree| tree.covers(&grant.scope, place))
    }
}

/// A conditional grant gives no authority; roles with management permissions never have conditions.
fn active_grants<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    now: UnixTime,
) -> impl Iterator<Item = &'a Grant> {
    let roles = facts.roles();
    let member = active_member(facts, permission, now).ok();
    member
        .into_iter()
        .flat_map(|active_member| &active_member.member.grants)
        .filter(move |grant| grant.validity().holds_at(now) && roles.holds(grant.role, permission))
        .filter(|grant| grant.condition().is_none())
}

fn concerns(grant: &Grant, application: Option<ApplicationIndex>) -> bool {
    grant
        .applications()
        .is_none_or(|bound| application.is_some_and(|application| bound.contains(&application)))
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
