//! Who calls, what the method demands, and the permit that proves that the caller may.

mod caller;
mod permit;

pub use caller::{Account, Basis, Caller, Context, RequestId};
pub use permit::{Authority, Decider, Permit, Proof, Reach, Refused, Undecided, Verdict};
