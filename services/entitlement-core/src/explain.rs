//! Why a question is answered as it is, condition by condition and grant by grant.

use base::Millis;

use crate::{
    catalog::PermissionIndex,
    decide::{Decision, Facts, Reason, covers, decide},
    scope::{Scope, Target},
};

/// The conditions in the order in which they are asked.
const CONDITIONS: [Reason; 8] = [
    Reason::SubjectNotActive,
    Reason::OrganizationNotActive,
    Reason::NotAMember,
    Reason::MembershipNotActive,
    Reason::NotEligible,
    Reason::ApplicationNotEntitled,
    Reason::NoGrant,
    Reason::OutOfScope,
];

/// An answer and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The answer, equal to that of [`decide`].
    pub decision: Decision<'a>,
    /// The conditions up to the first that fails.
    pub conditions: Vec<Condition>,
    /// Every grant of the member.
    pub grants: Vec<GrantConsideration<'a>>,
}

/// One condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The reason of the refusal when it fails.
    pub reason: Reason,
    /// Whether it holds.
    pub holds: bool,
}

/// How one grant bears on a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantConsideration<'a> {
    /// The id of the grant.
    pub grant: &'a str,
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
}

impl GrantConsideration<'_> {
    /// Whether the grant allows, other conditions apart.
    pub fn allows(&self) -> bool {
        self.holds_permission && self.in_force && self.covers
    }
}

/// Whether a member holds a permission wherever a scope holds.
pub fn holds_throughout(
    facts: &Facts<'_>,
    permission: PermissionIndex,
    scope: &Scope,
    now: Millis,
) -> bool {
    let holds = |target| decide(facts, permission, target, now).outcome.is_ok();
    match scope {
        Scope::All => holds(Target::Organization),
        Scope::Nodes { units, resources } => {
            let units = units.iter().map(|unit| Target::Unit(*unit));
            let resources = resources.iter().map(|resource| Target::Resource(*resource));
            units.chain(resources).all(holds)
        }
    }
}

/// Decides and explains one question at a moment.
pub fn explain<'a>(
    facts: &Facts<'a>,
    permission: PermissionIndex,
    target: Target,
    now: Millis,
) -> Explanation<'a> {
    let decision = decide(facts, permission, target, now);
    let failed = decision.outcome.err();
    let conditions = CONDITIONS
        .into_iter()
        .take_while(|reason| failed.is_none_or(|failed| *reason <= failed))
        .map(|reason| Condition {
            reason,
            holds: Some(reason) != failed,
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
                in_force: grant.validity.holds_at(now),
                covers: covers(facts.catalog, &organization.tree, grant, permission, target),
            })
            .collect(),
        _ => Vec::new(),
    };
    Explanation {
        decision,
        conditions,
        grants,
    }
}
