//! Rules for the reuse of answers, as pure functions, and the contract of the content of Redis.
//!
//! An answer is current at a revision as long as nothing that it depends on has changed since
//! ([`Revisions`], [`Journal`]); and the known changes are current as long as the lease holds
//! ([`Lease`]). The service, the client library and the model of the protocol share these rules.
//! There is no clock and no connection in here: the caller passes the time.

mod at;
mod contract;
mod decided;
mod journal;
mod lease;
mod record;
mod revisions;
mod script;
mod words;

pub use at::At;
pub use contract::{Contract, Question, READ};
pub use decided::Decided;
pub use journal::{Change, Journal};
pub use lease::Lease;
pub use record::Record;
pub use revisions::{Revisions, RevisionsError};
pub use script::{PUT_NEWER, PUT_NEXT};
