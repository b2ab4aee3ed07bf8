//! Nobody widens their own power, whatever they change: a role, a catalogue, a place, a state.

use std::collections::BTreeSet;

use crate::facts::Validity;

/// What somebody holds by one of their grants at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The permissions, by name.
    pub permissions: BTreeSet<String>,
    /// When.
    pub validity: Validity,
    /// Whether they may give it on.
    pub can_delegate: bool,
    /// The applications to which it is bound, if it is bound to any.
    pub applications: Option<BTreeSet<String>>,
    /// What must be met, if it does not hold always.
    pub condition: Option<String>,
}

/// Whether somebody who makes a change, and who holds `before` at a place and would hold `after`
/// there, would hold more than they do: a permission, for longer, for another application, or
/// where less must be met.
///
/// What no single grant gave before counts as more, so that the answer errs towards yes.
pub fn widens(before: &[Hold], after: &[Hold]) -> bool {
    after.iter().any(|gained| {
        let held = |permission: &String| before.iter().any(|own| own.has(permission, gained));
        !gained.permissions.iter().all(held)
    })
}

impl Hold {
    /// Whether it gives a permission wherever and whenever another does.
    fn has(&self, permission: &str, other: &Self) -> bool {
        let bound = |applications: &BTreeSet<String>| {
            let others = other.applications.as_ref();
            others.is_some_and(|others| others.is_subset(applications))
        };
        self.permissions.contains(permission)
            && self.validity.start <= other.validity.start
            && other.validity.end <= self.validity.end
            && (self.can_delegate || !other.can_delegate)
            && self.applications.as_ref().is_none_or(bound)
            && (self.condition.is_none() || self.condition == other.condition)
    }
}

#[cfg(test)]
#[path = "widening_tests.rs"]
mod tests;
