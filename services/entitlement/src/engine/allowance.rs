//! The condition budget: a limit on the conditions that one lock may cover.

use std::cell::Cell;

use entitlement_core::Decision;

/// Maximum number of conditions to evaluate under the lock of the facts: updates wait meanwhile. A
/// condition costs a few microseconds, some tens at worst.
pub(crate) const AT_ONCE: u32 = 1000;

/// The number of conditions that may still be evaluated.
#[derive(Debug)]
pub(crate) struct Allowance(Cell<u32>);

impl Allowance {
    /// Returns the budget for evaluations under the lock, for which updates wait.
    pub(crate) fn at_once() -> Self {
        Self(Cell::new(AT_ONCE))
    }

    /// Returns an unlimited budget, for a private snapshot.
    pub(crate) fn alone() -> Self {
        Self(Cell::new(u32::MAX))
    }

    /// Charges the conditions of a decision. Returns true if it allows.
    pub(crate) fn take(&self, decision: &Decision<'_>) -> bool {
        self.0.set(self.0.get().saturating_sub(decision.conditions));
        decision.outcome.is_ok()
    }

    /// True if the budget is used up.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}
