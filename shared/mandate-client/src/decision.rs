//! Decisions of the service.

use std::time::{Duration, SystemTime};

use api::entitlement::v1::{self, Effect};

/// The reason of a decision: the first condition that fails, or `Allowed`.
pub use api::entitlement::v1::DecisionReason as Reason;

/// An answer: allow or deny. Deny is an answer, not an error; an error is never an allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision(v1::Decision);

impl Decision {
    /// Takes an answer that is allow or deny; returns `None` for any other.
    pub(crate) fn new(decision: v1::Decision) -> Option<Self> {
        (decision.effect() != Effect::Unspecified).then_some(Self(decision))
    }

    /// True if the subject may.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.0.effect() == Effect::Allow
    }

    /// Returns the reason of the decision.
    pub fn reason(&self) -> Reason {
        self.0.reason()
    }

    /// Returns the grant that decided an allow, `organizations/{organization}/grants/{grant}`.
    pub fn grant(&self) -> Option<&str> {
        Some(self.0.grant.as_str()).filter(|grant| !grant.is_empty())
    }

    /// Returns the revision of the facts that decided the answer.
    pub fn revision(&self) -> i64 {
        self.0.revision
    }

    /// Returns the next time at which the answer could change without a change of facts, if there
    /// is one.
    pub fn valid_until(&self) -> Option<SystemTime> {
        let until = self.0.valid_until_time.as_ref()?;
        SystemTime::try_from(*until).ok()
    }

    /// Returns the context keys that the conditions need and the question did not give. Set if the
    /// answer is a deny because no condition is met.
    pub fn missing_context(&self) -> &[String] {
        &self.0.missing_context
    }

    /// True if the service has not received another service's changes for longer than the lease.
    pub fn feed_behind(&self) -> bool {
        self.0.feed_behind
    }

    /// Returns the time for which the answer may be reused, counted from before the question was
    /// sent.
    pub(crate) fn reusable(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.reusable_ms).unwrap_or_default())
    }
}
