//! Answers.

use std::time::{Duration, SystemTime};

use api::entitlement::v1::{self, Effect};

/// Why: the first condition that fails, or `Allowed`.
pub use api::entitlement::v1::DecisionReason as Reason;

/// An answer: allow or deny. Deny is an answer and no error; an error is never an allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision(v1::Decision);

impl Decision {
    /// Takes an answer that says allow or deny; none for any other.
    pub(crate) fn new(decision: v1::Decision) -> Option<Self> {
        (decision.effect() != Effect::Unspecified).then_some(Self(decision))
    }

    /// Whether the subject may.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.0.effect() == Effect::Allow
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason()
    }

    /// The grant that decided an allow, `organizations/{organization}/grants/{grant}`.
    pub fn grant(&self) -> Option<&str> {
        Some(self.0.grant.as_str()).filter(|grant| !grant.is_empty())
    }

    /// The revision that the answer was given at.
    pub fn revision(&self) -> i64 {
        self.0.revision
    }

    /// The next moment at which the answer could change by time alone; none if there is none.
    pub fn valid_until(&self) -> Option<SystemTime> {
        let until = self.0.valid_until_time.as_ref()?;
        SystemTime::try_from(*until).ok()
    }

    /// Of a refusal because no condition is met: what the conditions ask for and the context did
    /// not say.
    pub fn missing_context(&self) -> &[String] {
        &self.0.missing_context
    }

    /// Whether the service has not heard another service's changes for longer than the lease.
    pub fn feed_behind(&self) -> bool {
        self.0.feed_behind
    }

    /// For how long the answer may be given again, from before it was asked for.
    pub(crate) fn reusable(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.reusable_ms).unwrap_or_default())
    }
}
