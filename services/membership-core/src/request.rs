//! The states of change requests, and the steps between them.

use std::fmt;

/// Maximum number of undecided change requests about a membership.
pub const MAX_UNDECIDED: u64 = 16;

/// The state of a change request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Not confirmed yet.
    Draft,
    /// Waiting for a decision.
    Pending,
    /// Approved; the change is being made.
    Approved,
    /// The change is made.
    Applied,
    /// Rejected.
    Rejected,
    /// Cancelled by the requester.
    Cancelled,
    /// Approved, but the change was no longer possible.
    Failed,
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "a draft",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        })
    }
}

/// A step from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStep {
    /// The requester confirms the request.
    Confirm,
    /// The requester cancels the request.
    Cancel,
    /// Somebody else approves the request.
    Approve,
    /// Somebody rejects the request.
    Reject,
    /// The change was made.
    Apply,
    /// The change could not be made.
    Fail,
}

/// The state does not allow the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is {0}")]
pub struct Misstep(pub RequestState);

impl RequestStep {
    /// Returns the state after the step.
    ///
    /// # Errors
    /// [`Misstep`] if the state does not allow the step.
    // SPEC: S4-22, S4-26, S4-30.
    pub fn from(self, state: RequestState) -> Result<RequestState, Misstep> {
        use RequestState::{Applied, Approved, Cancelled, Draft, Failed, Pending, Rejected};
        match (self, state) {
            (Self::Confirm, Draft) => Ok(Pending),
            (Self::Cancel, Draft | Pending) => Ok(Cancelled),
            (Self::Approve, Pending) => Ok(Approved),
            (Self::Reject, Pending) => Ok(Rejected),
            (Self::Apply, Approved) => Ok(Applied),
            (Self::Fail, Approved) => Ok(Failed),
            (_, state) => Err(Misstep(state)),
        }
    }
}

/// True if a text has content: spaces, dashes and invisible characters are not a reason.
// SPEC: S4-28.
pub fn is_said(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests;
