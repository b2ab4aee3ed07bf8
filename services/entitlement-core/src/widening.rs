//! Nobody widens their own access by any change: of a role, the catalog, a location, or a state.

use std::collections::BTreeSet;

use crate::facts::Validity;

/// The access that one grant gives its holder at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The permissions, by name.
    pub permissions: BTreeSet<String>,
    /// The period of validity.
    pub validity: Validity,
    /// True if the holder may delegate it.
    pub can_delegate: bool,
    /// The applications to which it is bound, if it is bound to any.
    pub applications: Option<BTreeSet<String>>,
    /// The condition, if any.
    pub condition: Option<String>,
}

/// True if a change widens the access of its author at a location, from `before` to `after`: adds a
/// permission, a longer validity or another application, or removes a condition.
///
/// Access that no single earlier grant gave counts as wider, so the function errs towards true.
pub fn widens(before: &[Hold], after: &[Hold]) -> bool {
    after.iter().any(|gained| {
        let held = |permission: &String| before.iter().any(|own| own.has(permission, gained));
        !gained.permissions.iter().all(held)
    })
}

impl Hold {
    /// True if this access includes a permission wherever and whenever `other` does.
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
