//! The decision.
//!
//! Additive: no grant denies, nothing is excluded, and nothing recurses but the tree of units.
//! What cannot be expressed cannot be got wrong.

mod among;

use std::collections::BTreeSet;

use base::Millis;

use self::among::{Asked, among_grants, conditional};
pub(crate) use self::among::{covers, is_met};
use crate::{
    catalog::{Catalog, PermissionIndex},
    condition::Given,
    facts::{Entitlement, Grant, Member, Organization, Subject, SubjectKind},
    role::Roles,
    scope::{Target, next},
};

/// The facts that bear on one subject in one organization, all of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The catalogue.
    pub catalog: &'a Catalog,
    /// The subject, if there is one of that name.
    pub subject: Option<&'a Subject>,
    /// The organization, if there is one of that name.
    pub organization: Option<&'a Organization>,
    /// The subject in the organization, if it is a member.
    pub member: Option<&'a Member>,
}

impl<'a> Facts<'a> {
    /// The roles that there are in the organization.
    pub fn roles(&self) -> Roles<'a> {
        Roles {
            catalog: self.catalog,
            own: self.organization.map(|organization| &organization.roles),
        }
    }

    /// Whether the subject is an active member of the active organization.
    pub fn is_member(&self) -> bool {
        membership(self).is_ok()
    }
}

/// Why, in the order in which the conditions are asked: the first that fails is the reason, so
/// that the reason is stable and tells nothing of what comes after it. The first is asked about
/// members only: whether there is somebody who is none is not for an organization to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The member does not exist as a subject, or is not active.
    SubjectNotActive,
    /// The organization does not exist or is not active.
    OrganizationNotActive,
    /// The subject has no membership in it.
    NotAMember,
    /// The membership is not active.
    MembershipNotActive,
    /// A subscription is demanded and the member has none.
    NotEligible,
    /// The organization does not have the application now.
    ApplicationNotEntitled,
    /// No grant in force holds the permission.
    NoGrant,
    /// No such grant covers the target.
    OutOfScope,
    /// Such grants hold under conditions only, and none of these is met.
    ConditionNotMet,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The grant that allows, or why there is none.
    pub outcome: Result<&'a Grant, Reason>,
    /// The next moment at which the answer could change by time alone.
    pub valid_until: Millis,
    /// How many conditions were asked.
    pub conditions: u32,
}

impl Decision<'_> {
    /// Whether it bore upon the answer how a condition is met: such an answer is to this question
    /// in these circumstances, and to no other.
    pub fn is_conditional(&self) -> bool {
        // What holds always decides before any is asked.
        self.conditions > 0
    }
}

/// Decides one question at a moment.
// SPEC: the order of the conditions is the order of `Reason`.
pub fn decide<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &Given<'_>,
    now: Millis,
) -> Decision<'a> {
    match standing(facts, permission, now) {
        Ok(standing) => {
            let asked = Asked {
                roles: facts.roles(),
                permission,
                target,
                now,
            };
            among_grants(&asked, &standing, given)
        }
        Err(decision) => decision,
    }
}

/// What conditions that are not met ask of the context and what is not there, in order: with it, a
/// refusal could be an allow. Nothing if no condition bears on the question.
pub fn missing<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &Given<'a>,
    now: Millis,
) -> BTreeSet<&'a str> {
    let Ok(standing) = standing(facts, permission, now) else {
        return BTreeSet::new();
    };
    let asked = Asked {
        roles: facts.roles(),
        permission,
        target,
        now,
    };
    conditional(&asked, &standing)
        .filter(|grant| !is_met(grant, &standing.organization.tree, target, given))
        .filter_map(Grant::condition)
        .flat_map(|condition| condition.missing(given))
        .collect()
}

/// A member of an organization that has the application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) member: &'a Member,
    pub(crate) entitlement: &'a Entitlement,
}

/// The membership, if access of it holds.
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

/// Everything but the grants.
pub(crate) fn standing<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    now: Millis,
) -> Result<Standing<'a>, Decision<'a>> {
    let (organization, member) = membership(facts).map_err(|reason| Decision {
        outcome: Err(reason),
        valid_until: Millis::MAX,
        conditions: 0,
    })?;
    let entitlement = facts
        .catalog
        .application_of(permission)
        .and_then(|application| organization.entitlements.get(&application))
        .filter(|entitlement| entitlement.active);
    match entitlement {
        Some(entitlement) if entitlement.validity.holds_at(now) => Ok(Standing {
            organization,
            member,
            entitlement,
        }),
        other => Err(Decision {
            outcome: Err(Reason::ApplicationNotEntitled),
            valid_until: other.map_or(Millis::MAX, |entitlement| {
                next(now, entitlement.validity.start, Millis::MAX)
            }),
            conditions: 0,
        }),
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
