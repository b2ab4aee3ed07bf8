//! The audit log as pure rules: the content of a record, the chain of records, the sealing of
//! personal data so that it can be erased, and the verification of a copy of the log.
//!
//! The store writes a record in the transaction of its change; see `shared/store`.

mod budget;
mod chain;
mod entry;
mod person;
mod verify;

pub use budget::{Budget, Spent};
pub use chain::{Anchor, Chain, InvalidAnchor, Mac};
pub use entry::{Entry, People, digest, method, named};
pub use person::{PersonKey, Unsealed, person_of};
pub use verify::{Broken, Verified, Verifier};
