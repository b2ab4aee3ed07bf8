//! Who may give, change and take what: nobody gives what they could not give themselves.
//!
//! One rule over role, scope, validity and delegation, used wherever a grant comes into being,
//! changes or ends.

use base::Millis;

use crate::{
    catalog::{ApplicationIndex, PermissionIndex},
    decide::{Facts, standing},
    facts::{Grant, Member},
    management,
    scope::{Scope, Target},
};

/// What somebody holds where they want to give: what they may give is bounded by it.
#[derive(Debug, Clone, Copy)]
pub struct Power<'a> {
    /// Their facts in the organization.
    pub here: Facts<'a>,
    /// Their facts in the operator organization: what is held in all of it is held everywhere.
    pub operator: Facts<'a>,
    /// The moment.
    pub now: Millis,
}

/// What a grant is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The applications: that of the role, or those whose administration it gives. None for one
    /// that is not in the catalogue.
    pub applications: &'a [Option<ApplicationIndex>],
    /// The places; the organization for all of them.
    pub places: &'a [Target],
}

/// A grant that somebody wants to give, change or take.
#[derive(Debug, Clone, Copy)]
pub struct Gift<'a> {
    /// The permissions by which who has it manages.
    pub manages: &'a [PermissionIndex],
    /// What it is about.
    pub about: About<'a>,
    /// When it ends; no demand where something is taken.
    pub until: Millis,
    /// Whether who gives it and who has it are the same.
    pub is_own: bool,
    /// Whether who has it owns the organization.
    pub is_owners: bool,
}

/// Why something may not be given, changed or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It is their own access.
    Own,
    /// It is the access of an owner, and they are none.
    Owners,
    /// They do not manage the application.
    Application,
    /// They manage it, but not in the place of this index.
    Place(usize),
    /// They manage it there, but not everywhere, not for so long, or they lack a permission that
    /// the role would give on, or may not give it on.
    Excess,
}

/// What a grant must have, beside its permission and its place.
#[derive(Debug, Clone, Copy)]
struct Demand {
    until: Millis,
    can_delegate: bool,
}

impl Gift<'_> {
    /// Whether somebody with this power may give it, or take it.
    ///
    /// # Errors
    /// The first that is in the way.
    // SPEC: S0-3, S0-4, S2-25, S3-6, S3-47, S3-48.
    pub fn check(&self, power: &Power<'_>) -> Result<(), Beyond> {
        if self.is_own {
            return Err(Beyond::Own);
        }
        if self.is_owners && !power.owns() {
            return Err(Beyond::Owners);
        }
        let catalog = power.here.catalog;
        let demand = Demand {
            until: self.until,
            can_delegate: false,
        };
        let write = catalog.permission(management::GRANTS_WRITE);
        power.over(write, &self.about, demand)?;
        let demand = Demand {
            can_delegate: true,
            ..demand
        };
        let may_give = |given: &PermissionIndex| {
            let over = power.over(Some(*given), &self.about, demand);
            over.is_ok()
        };
        let mut given = self.manages.iter();
        given.all(may_give).then_some(()).ok_or(Beyond::Excess)
    }
}

impl Power<'_> {
    /// A grant by which a permission is held anywhere, for any application.
    pub fn anywhere(&self, permission: PermissionIndex) -> Option<&Grant> {
        let mut everywhere = self.everywhere(permission);
        everywhere.next().or_else(|| self.held(permission).next())
    }

    /// Whether a permission is held over all that a grant is about.
    pub fn reaches(&self, permission: PermissionIndex, about: &About<'_>) -> bool {
        let demand = Demand {
            until: Millis::MIN,
            can_delegate: false,
        };
        self.over(Some(permission), about, demand).is_ok()
    }

    /// What a member has of what they see, by a permission to read: each grant that is about nothing
    /// that they may not read of.
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
            // What was given in places that are gone is for those to see who see everything.
            Scope::Parts(parts) if !parts.is_empty() => {
                parts.iter().map(|part| (*part).into()).collect()
            }
            _ => vec![Target::Organization],
        };
        let about = About {
            applications: if bound.is_empty() { &of_role } else { &bound },
            places: &places,
        };
        self.reaches(read, &about)
    }

    /// Whether they own the organization, or manage it from the operator organization.
    pub fn owns(&self) -> bool {
        let catalog = self.here.catalog;
        let Some(write) = catalog.permission(management::GRANTS_WRITE) else {
            return false;
        };
        let owner = self.here.roles().find(management::OWNER_ROLE);
        self.everywhere(write).next().is_some()
            || self.held(write).any(|grant| Some(grant.role) == owner)
    }

    /// Whether there is nothing that they may not give, in any organization and for ever.
    pub fn gives_everything(&self) -> bool {
        let catalog = self.here.catalog;
        let managing = catalog.application(management::APPLICATION);
        let mut all = managing
            .into_iter()
            .flat_map(|application| catalog.permissions_of(application))
            .peekable();
        all.peek().is_some()
            && all.all(|permission| {
                let mut held = self.everywhere(permission);
                held.any(|grant| grant.can_delegate && grant.validity().end == Millis::MAX)
            })
    }

    fn over(
        &self,
        permission: Option<PermissionIndex>,
        about: &About<'_>,
        demand: Demand,
    ) -> Result<(), Beyond> {
        let permission = permission.ok_or(Beyond::Application)?;
        let meets = |grant: &&Grant| {
            grant.validity().end >= demand.until && (grant.can_delegate || !demand.can_delegate)
        };
        if self.everywhere(permission).any(|grant| meets(&grant)) {
            return Ok(());
        }
        for application in about.applications {
            let held = || {
                let held = self.held(permission);
                held.filter(|grant| concerns(grant, *application))
            };
            if held().next().is_none() {
                return Err(Beyond::Application);
            }
            for (index, place) in about.places.iter().enumerate() {
                let mut there = held().filter(|grant| self.covers(grant, *place)).peekable();
                if there.peek().is_none() && *place != Target::Organization {
                    return Err(Beyond::Place(index));
                }
                if !there.any(|grant| meets(&grant)) {
                    return Err(Beyond::Excess);
                }
            }
        }
        Ok(())
    }

    /// The grants in force in the organization that hold a permission.
    fn held(&self, permission: PermissionIndex) -> impl Iterator<Item = &Grant> {
        held(&self.here, permission, self.now)
    }

    /// The grants in force that hold a permission in every organization.
    fn everywhere(&self, permission: PermissionIndex) -> impl Iterator<Item = &Grant> {
        held(&self.operator, permission, self.now)
            .filter(|grant| grant.scope == Scope::All && grant.applications().is_none())
    }

    /// All covers also what is not there: whether it is, is another question.
    fn covers(&self, grant: &Grant, place: Target) -> bool {
        let tree = self.here.organization.map(|facts| &facts.tree);
        grant.scope == Scope::All || tree.is_some_and(|tree| tree.covers(&grant.scope, place))
    }
}

/// What holds only under a condition gives no power: roles that manage have none.
fn held<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    now: Millis,
) -> impl Iterator<Item = &'a Grant> {
    let roles = facts.roles();
    let member = standing(facts, permission, now).ok();
    member
        .into_iter()
        .flat_map(|standing| &standing.member.grants)
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
