//! The states of change requests, the steps between them, and who takes them.

use std::fmt;

/// How many change requests about a membership may be undecided at once.
pub const MAX_UNDECIDED: u64 = 16;

/// Where a change request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// It is not sent yet.
    Draft,
    /// It waits for a decision.
    Pending,
    /// The change is being made.
    Approved,
    /// The change is made.
    Applied,
    /// It was refused.
    Rejected,
    /// It was taken back.
    Cancelled,
    /// It was approved, and then not possible any more.
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

/// What leads from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStep {
    /// The requester sends it.
    Confirm,
    /// The requester takes it back.
    Cancel,
    /// Somebody else approves it.
    Approve,
    /// Somebody refuses it.
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
    /// The state that the step leads to.
    ///
    /// # Errors
    /// [`Misstep`] if it cannot be taken there.
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

/// Whether a text says anything: spaces, dashes and what is not seen are no reason.
// SPEC: S4-28.
pub fn is_said(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests;
