//! Why a question is answered as it is, step by step and grant by grant.

use base::Millis;

use crate::{
    catalog::PermissionIndex,
    condition::{Condition, Given},
    decide::{Decision, Facts, Reason, covers, decide, is_met},
    facts::CompactId,
    scope::{Scope, Target},
};

/// What must hold, in the order in which it is asked.
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

/// An answer and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The answer, equal to that of [`decide`].
    pub decision: Decision<'a>,
    /// What must hold, up to the first that does not.
    pub steps: Vec<Step>,
    /// Every grant of the member.
    pub grants: Vec<GrantConsideration<'a>>,
}

/// Something that must hold for an allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The reason of the refusal when it fails.
    pub reason: Reason,
    /// Whether it holds.
    pub holds: bool,
}

/// How one grant bears on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantConsideration<'a> {
    /// The id of the grant.
    pub grant: &'a CompactId,
    /// The name of the role.
    pub role: &'a str,
    /// Where it holds.
    pub scope: &'a Scope,
    /// Whether the role holds the permission.
    pub holds_permission: bool,
    /// Whether it is in force.
    pub in_force: bool,
    /// Whether it covers the target.
    pub covers: bool,
    /// Under which condition it holds, if not always, and whether that is met.
    pub condition: Option<(&'a Condition, bool)>,
}

impl GrantConsideration<'_> {
    /// Whether the grant allows, all but grants apart.
    pub fn allows(&self) -> bool {
        self.would_allow() && self.is_met()
    }

    /// Whether it does if its condition is met.
    pub fn would_allow(&self) -> bool {
        self.holds_permission && self.in_force && self.covers
    }

    /// Whether its condition is met, if it has one.
    pub fn is_met(&self) -> bool {
        self.condition.is_none_or(|(_, is_met)| is_met)
    }
}

/// Whether a member holds a permission wherever a scope holds, whatever the circumstances.
pub fn holds_throughout(
    facts: &Facts<'_>,
    permission: PermissionIndex,
    scope: &Scope,
    now: Millis,
) -> bool {
    let nothing = Given::default();
    let holds = |target| {
        let decision = decide(facts, permission, target, &nothing, now);
        decision.outcome.is_ok() && !decision.is_conditional()
    };
    match scope {
        Scope::All => holds(Target::Organization),
        Scope::Parts(parts) => parts.iter().all(|part| holds((*part).into())),
    }
}

/// Decides and explains one question at a moment.
pub fn explain<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    given: &Given<'_>,
    now: Millis,
) -> Explanation<'a> {
    let decision = decide(facts, permission, target, given, now);
    let failed = decision.outcome.err();
    let steps = STEPS
        .into_iter()
        .take_while(|reason| failed.is_none_or(|failed| *reason <= failed))
        .map(|reason| Step {
            reason,
            holds: match reason {
                // Of somebody who is no member, the decision does not tell.
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
