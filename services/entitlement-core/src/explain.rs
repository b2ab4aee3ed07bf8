//! Explanations of decisions, check by check and grant by grant.

use types::UnixTime;

use crate::{
    catalog::PermissionIndex,
    condition::{Condition, ConditionInput},
    decide::{Decision, Facts, Reason, covers, decide, is_met},
    facts::CompactId,
    scope::{Scope, Target},
};

/// The checks, in their order.
const STEPS: [Reason; 9] = [
    Reason::SubjectNotActive,
    Reason::OrganizationNotActive,
    Reason::NotAMember,
    Reason::MembershipNotActive,
    Reason::NotEligible,
    Reason::ApplicationNotEntitled,
    Reason::NoGrant,
    Reason::OutOfScope,
    Reason::ConditionNotMet,
];

/// A decision with its explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The decision, equal to that of [`decide`].
    pub decision: Decision<'a>,
    /// The checks, up to the first that fails.
    pub steps: Vec<Step>,
    /// Every grant of the member.
    pub grants: Vec<GrantConsideration<'a>>,
}

/// A check that must pass for an allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The reason for the deny if it fails.
    pub reason: Reason,
    /// True if it passes.
    pub holds: bool,
}

/// The part of one grant in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantConsideration<'a> {
    /// The id of the grant.
    pub grant: &'a CompactId,
    /// The name of the role.
    pub role: &'a str,
    /// Its scope.
    pub scope: &'a Scope,
    /// True if the role holds the permission.
    pub holds_permission: bool,
    /// True if it is in force.
    pub in_force: bool,
    /// True if it covers the target.
    pub covers: bool,
    /// Its condition, if it has one, and whether it is met.
    pub condition: Option<(&'a Condition, bool)>,
}

impl GrantConsideration<'_> {
    /// True if the grant allows, provided that all other checks pass.
    pub fn allows(&self) -> bool {
        self.would_allow() && self.is_met()
    }

    /// True if the grant allows once its condition is met.
    pub fn would_allow(&self) -> bool {
        self.holds_permission && self.in_force && self.covers
    }

    /// True if it has no condition or its condition is met.
    pub fn is_met(&self) -> bool {
        self.condition.is_none_or(|(_, is_met)| is_met)
    }
}

/// True if a member holds a permission throughout a scope, whatever the context.
pub fn holds_throughout(
    facts: &Facts<'_>,
    permission: PermissionIndex,
    scope: &Scope,
    now: UnixTime,
) -> bool {
    let nothing = ConditionInput::default();
    let holds = |target| {
        let decision = decide(facts, permission, target, &nothing, now);
        decision.outcome.is_ok() && !decision.is_conditional()
    };
    match scope {
        Scope::All => holds(Target::Organization),
        Scope::Parts(parts) => parts.iter().all(|part| holds((*part).into())),
    }
}

/// Decides and explains one query at a time.
pub fn explain<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &ConditionInput<'_>,
    now: UnixTime,
) -> Explanation<'a> {
    let decision = decide(facts, permission, target, given, now);
    let failed = decision.outcome.err();
    let steps = STEPS
        .into_iter()
        .take_while(|reason| failed.is_none_or(|failed| *reason <= failed))
        .map(|reason| Step {
            reason,
            holds: match reason {
                // The decision skips this check for subjects that are not members.
                Reason::SubjectNotActive => facts.subject.is_some_and(|subject| subject.active),
                _ => Some(reason) != failed,
            },
        })
        .collect();
    let grants = match (facts.organization, facts.member) {
        (Some(organization), Some(member)) => member
            .grants
            .iter()
            .map(|grant| GrantConsideration {
                grant: &grant.id,
                role: facts.roles().name(grant.role),
                scope: &grant.scope,
                holds_permission: facts.roles().holds(grant.role, permission),
                in_force: grant.validity().holds_at(now),
                covers: covers(facts.catalog, &organization.tree, grant, permission, target),
                condition: grant.condition().map(|condition| {
                    let is_met = is_met(grant, &organization.tree, target, given);
                    (condition, is_met)
                }),
            })
            .collect(),
        _ => Vec::new(),
    };
    Explanation {
        decision,
        steps,
        grants,
    }
}
