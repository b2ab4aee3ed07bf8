//! The decision.
//!
//! Additive: no grant denies, nothing is excluded, and nothing recurses but the tree of units.
//! What cannot be expressed cannot be got wrong.

use base::Millis;

use crate::{
    catalog::{Catalog, PermissionIndex},
    facts::{Entitlement, Grant, Member, Organization, Subject, SubjectKind},
    role::Roles,
    scope::{Target, Tree, next},
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
/// that the reason is stable and tells nothing of what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The subject does not exist or is not active.
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
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The grant that allows, or why there is none.
    pub outcome: Result<&'a Grant, Reason>,
    /// The next moment at which the answer could change by time alone.
    pub valid_until: Millis,
}

/// Decides one question at a moment.
// SPEC: the order of the conditions is the order of `Reason`.
pub fn decide<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    now: Millis,
) -> Decision<'a> {
    match standing(facts, permission, now) {
        Ok(standing) => among_grants(facts.roles(), &standing, permission, target, now),
        Err(decision) => decision,
    }
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
    let subject = facts
        .subject
        .filter(|subject| subject.active)
        .ok_or(Reason::SubjectNotActive)?;
    let organization = facts
        .organization
        .filter(|organization| organization.active)
        .ok_or(Reason::OrganizationNotActive)?;
    let member = facts.member.ok_or(Reason::NotAMember)?;
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
        }),
    }
}

fn among_grants<'a>(
    roles: Roles<'a>,
    standing: &Standing<'a>,
    permission: PermissionIndex,
    target: Target,
    now: Millis,
) -> Decision<'a> {
    let ceiling = standing.entitlement.validity.end;
    let tree = &standing.organization.tree;
    let mut reason = Reason::NoGrant;
    let mut best: Option<&Grant> = None;
    // When a grant begins, or one that does not cover the target ends, a refusal may change.
    let mut refused_until = ceiling;
    for grant in &standing.member.grants {
        if !roles.holds(grant.role, permission) {
            continue;
        }
        if !grant.validity.holds_at(now) {
            refused_until = next(now, grant.validity.start, refused_until);
            continue;
        }
        if covers(roles.catalog, tree, grant, permission, target) {
            // The grant that holds longest decides: the answer is then valid longest.
            if best.is_none_or(|best| grant.validity.end > best.validity.end) {
                best = Some(grant);
            }
        } else {
            reason = Reason::OutOfScope;
            refused_until = refused_until.min(grant.validity.end);
        }
    }
    match best {
        Some(grant) => Decision {
            outcome: Ok(grant),
            valid_until: ceiling.min(grant.validity.end),
        },
        None => Decision {
            outcome: Err(reason),
            valid_until: refused_until,
        },
    }
}

/// Whether a grant bears on a target. One that is bound to applications holds what concerns
/// applications for none but these, and a question names none.
pub(crate) fn covers(
    catalog: &Catalog,
    tree: &Tree,
    grant: &Grant,
    permission: PermissionIndex,
    target: Target,
) -> bool {
    tree.covers(&grant.scope, target)
        && (grant.bounds.is_none() || !catalog.concerns_applications(permission))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
