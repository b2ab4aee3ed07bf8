//! The decision over the grants of a member.

use types::UnixTime;

use super::{ActiveMember, Decision, Reason};
use crate::{
    catalog::{Catalog, PermissionIndex},
    condition::ConditionInput,
    facts::Grant,
    role::Roles,
    scope::{Target, Tree, next},
};

/// A query as grants see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrantQuery<'a> {
    pub(super) roles: Roles<'a>,
    pub(super) permission: PermissionIndex,
    pub(super) target: Target,
    pub(super) now: UnixTime,
}

impl GrantQuery<'_> {
    fn is_covered_by(&self, tree: &Tree, grant: &Grant) -> bool {
        covers(
            self.roles.catalog,
            tree,
            grant,
            self.permission,
            self.target,
        )
    }
}

/// Decides over the grants of a member.
pub(super) fn evaluate_grants<'a>(
    asked: &GrantQuery<'_>,
    active_member: &ActiveMember<'a>,
    given: &ConditionInput<'_>,
) -> Decision<'a> {
    let now = asked.now;
    let ceiling = active_member.entitlement.validity.end;
    let tree = &active_member.organization.tree;
    let mut reason = Reason::NoGrant;
    let mut best: Option<&Grant> = None;
    // A deny may change when a grant begins, or when one that does not cover the target ends.
    let mut refused_until = ceiling;
    for grant in &active_member.member.grants {
        if !asked.roles.holds(grant.role, asked.permission) {
            continue;
        }
        if !grant.validity().holds_at(now) {
            refused_until = next(now, grant.validity().start, refused_until);
            continue;
        }
        let refusal = if !asked.is_covered_by(tree, grant) {
            Reason::OutOfScope
        } else if grant.condition().is_some() {
            Reason::ConditionNotMet
        } else {
            best = Some(longest(best, grant));
            continue;
        };
        reason = reason.max(refusal);
        refused_until = refused_until.min(grant.validity().end);
    }
    // Unconditional grants decide before any condition is evaluated.
    let mut conditions = 0;
    if best.is_none() && reason == Reason::ConditionNotMet {
        (best, conditions) = under_condition(asked, active_member, given);
    }
    match best {
        Some(grant) => Decision {
            outcome: Ok(grant),
            valid_until: ceiling.min(grant.validity().end),
            conditions,
        },
        None => Decision {
            outcome: Err(reason),
            valid_until: refused_until,
            conditions,
        },
    }
}

/// Returns the grant that holds longer; the answer is then valid longest.
fn longest<'a>(best: Option<&'a Grant>, grant: &'a Grant) -> &'a Grant {
    best.filter(|best| best.validity().end >= grant.validity().end)
        .unwrap_or(grant)
}

/// Returns the grant that allows because its condition is met, and the number of conditions
/// evaluated.
#[cold]
fn under_condition<'a>(
    asked: &GrantQuery<'_>,
    active_member: &ActiveMember<'a>,
    given: &ConditionInput<'_>,
) -> (Option<&'a Grant>, u32) {
    let tree = &active_member.organization.tree;
    let (mut best, mut count) = (None, 0);
    for grant in conditional(asked, active_member) {
        count += 1;
        if is_met(grant, tree, asked.target, given) {
            best = Some(longest(best, grant));
        }
    }
    (best, count)
}

/// Returns the grants that allow if their condition is met.
pub(super) fn conditional<'a>(
    asked: &GrantQuery<'_>,
    active_member: &ActiveMember<'a>,
) -> impl Iterator<Item = &'a Grant> {
    let tree = &active_member.organization.tree;
    let grants = active_member.member.grants.iter();
    grants
        .filter(|grant| grant.condition().is_some())
        .filter(|grant| asked.roles.holds(grant.role, asked.permission))
        .filter(|grant| grant.validity().holds_at(asked.now) && asked.is_covered_by(tree, grant))
}

/// True if the grant has no condition or its condition is met.
pub(crate) fn is_met(
    grant: &Grant,
    tree: &Tree,
    target: Target,
    given: &ConditionInput<'_>,
) -> bool {
    grant
        .condition()
        .is_none_or(|condition| condition.is_met(given, tree.kind(target)))
}

/// True if the grant covers a target. A grant bound to applications never covers an
/// application-specific permission here, because a check names no application.
pub(crate) fn covers(
    catalog: &Catalog,
    tree: &Tree,
    grant: &Grant,
    permission: PermissionIndex,
    target: Target,
) -> bool {
    tree.covers(&grant.scope, target)
        && (grant.applications().is_none() || !catalog.concerns_applications(permission))
}
