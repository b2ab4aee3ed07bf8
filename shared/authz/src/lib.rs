//! The caller, the requirements of a method, and the permit that proves that the caller may.

mod caller;
mod permit;

pub use caller::{Account, Basis, Caller, Context, RequestId};
pub use permit::{Authority, Decider, Permit, Proof, Reach, Refused, Undecided, Verdict};
