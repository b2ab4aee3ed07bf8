//! The decision.
//!
//! Additive: no grant denies, nothing is excluded, and only the unit tree is recursive. What cannot
//! be expressed cannot be got wrong.

mod grants;

use std::collections::BTreeSet;

use types::UnixTime;

use self::grants::{GrantQuery, conditional, evaluate_grants};
pub(crate) use self::grants::{covers, is_met};
use crate::{
    catalog::{Catalog, PermissionIndex},
    condition::ConditionInput,
    facts::{Entitlement, Grant, Member, Organization, Subject, SubjectKind},
    role::Roles,
    scope::{Target, next},
};

/// The facts about one subject in one organization, all as of one time.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The subject, if it exists.
    pub subject: Option<&'a Subject>,
    /// The organization, if it exists.
    pub organization: Option<&'a Organization>,
    /// The membership of the subject, if it is a member.
    pub member: Option<&'a Member>,
}

impl<'a> Facts<'a> {
    /// Returns the roles available in the organization.
    pub fn roles(&self) -> Roles<'a> {
        Roles {
            catalog: self.catalog,
            own: self.organization.map(|organization| &organization.roles),
        }
    }

    /// True if the subject is an active member of the active organization.
    pub fn is_member(&self) -> bool {
        membership(self).is_ok()
    }
}

/// The reason for a deny, in the order of the checks. The first check that fails is the reason, so
/// the reason is stable and reveals nothing about later checks. `SubjectNotActive` concerns members
/// only: an organization may not learn whether a user exists who is not its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The member's user or service account does not exist or is not active.
    SubjectNotActive,
    /// The organization does not exist or is not active.
    OrganizationNotActive,
    /// The subject is not a member of the organization.
    NotAMember,
    /// The membership is not active.
    MembershipNotActive,
    /// The organization requires a subscription and the member has none.
    NotEligible,
    /// The organization is not entitled to the application now.
    ApplicationNotEntitled,
    /// No grant in force has a role with the permission.
    NoGrant,
    /// No such grant covers the target.
    OutOfScope,
    /// Such grants exist only with conditions, and none is met.
    ConditionNotMet,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The grant that allows, or the reason for the deny.
    pub outcome: Result<&'a Grant, Reason>,
    /// The next time at which the answer could change by time alone.
    pub valid_until: UnixTime,
    /// Number of conditions evaluated.
    pub conditions: u32,
}

impl Decision<'_> {
    /// True if the answer depends on a condition. Such an answer holds for this query with this
    /// context only.
    pub fn is_conditional(&self) -> bool {
        // Unconditional grants decide before any condition is evaluated.
        self.conditions > 0
    }
}

/// Decides one query at a time.
// SPEC: the order of the checks is the order of `Reason`.
pub fn decide<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &ConditionInput<'_>,
    now: UnixTime,
) -> Decision<'a> {
    match active_member(facts, permission, now) {
        Ok(active_member) => {
            let asked = GrantQuery {
                roles: facts.roles(),
                permission,
                target,
                now,
            };
            evaluate_grants(&asked, &active_member, given)
        }
        Err(decision) => decision,
    }
}

/// Returns the context keys that unmet conditions refer to and the context lacks, in order: with
/// them a deny could become an allow. Empty if the query involves no condition.
pub fn missing<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &ConditionInput<'a>,
    now: UnixTime,
) -> BTreeSet<&'a str> {
    let Ok(active_member) = active_member(facts, permission, now) else {
        return BTreeSet::new();
    };
    let asked = GrantQuery {
        roles: facts.roles(),
        permission,
        target,
        now,
    };
    conditional(&asked, &active_member)
        .filter(|grant| !is_met(grant, &active_member.organization.tree, target, given))
        .filter_map(Grant::condition)
        .flat_map(|condition| condition.missing(given))
        .collect()
}

/// An active member of an organization that is entitled to the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActiveMember<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) member: &'a Member,
    pub(crate) entitlement: &'a Entitlement,
}

/// Returns organization and member, if access through the membership is effective.
pub(crate) fn membership<'a>(facts: &Facts<'a>) -> Result<(&'a Organization, &'a Member), Reason> {
    let subject = facts.subject.filter(|subject| subject.active);
    if facts.member.is_some() && subject.is_none() {
        return Err(Reason::SubjectNotActive);
    }
    let organization = facts
        .organization
        .filter(|organization| organization.active)
        .ok_or(Reason::OrganizationNotActive)?;
    let (Some(subject), Some(member)) = (subject, facts.member) else {
        return Err(Reason::NotAMember);
    };
    if !member.active {
        return Err(Reason::MembershipNotActive);
    }
    let demanded = organization.subscription_required && subject.kind == SubjectKind::User;
    if demanded && !member.subscription_active {
        return Err(Reason::NotEligible);
    }
    Ok((organization, member))
}

/// Checks everything except the grants.
pub(crate) fn active_member<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    now: UnixTime,
) -> Result<ActiveMember<'a>, Decision<'a>> {
    let (organization, member) = membership(facts).map_err(|reason| Decision {
        outcome: Err(reason),
        valid_until: UnixTime::MAX,
        conditions: 0,
    })?;
    let entitlement = facts
        .catalog
        .application_of(permission)
        .and_then(|application| organization.entitlements.get(&application))
        .filter(|entitlement| entitlement.active);
    match entitlement {
        Some(entitlement) if entitlement.validity.holds_at(now) => Ok(ActiveMember {
            organization,
            member,
            entitlement,
        }),
        other => Err(Decision {
            outcome: Err(Reason::ApplicationNotEntitled),
            valid_until: other.map_or(UnixTime::MAX, |entitlement| {
                next(now, entitlement.validity.start, UnixTime::MAX)
            }),
            conditions: 0,
        }),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
