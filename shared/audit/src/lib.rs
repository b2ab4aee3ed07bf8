//! The audit log as pure rules: what a record holds, how records are chained, how what is of a
//! person is kept so that it can be forgotten, and how a copy of the log is verified.
//!
//! The store writes a record in the transaction of the change that it tells of; see
//! `shared/store`.

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
