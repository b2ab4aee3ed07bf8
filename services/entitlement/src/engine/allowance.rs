//! How many conditions are asked at once.

use std::cell::Cell;

use entitlement_core::Decision;

/// Conditions that are asked while the facts are held: what changes them waits so long. Each
/// costs a few microseconds, and some tens at worst.
pub(crate) const AT_ONCE: u32 = 1000;

/// What is left of the conditions that may be asked.
#[derive(Debug)]
pub(crate) struct Allowance(Cell<u32>);

impl Allowance {
    /// Where facts are held that others wait for.
    pub(crate) fn at_once() -> Self {
        Self(Cell::new(AT_ONCE))
    }

    /// Where nobody waits for the facts.
    pub(crate) fn alone() -> Self {
        Self(Cell::new(u32::MAX))
    }

    /// Whether the decision allows; it takes what it has asked.
    pub(crate) fn take(&self, decision: &Decision<'_>) -> bool {
        self.0.set(self.0.get().saturating_sub(decision.conditions));
        decision.outcome.is_ok()
    }

    /// Whether no more may be asked.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}
