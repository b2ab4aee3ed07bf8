//! When an answer may be given again, as pure rules, and the contract of what Redis holds.
//!
//! An answer is current at a revision as long as nothing that it depends on has changed since
//! ([`Revisions`], [`Journal`]); and what is known of changes is current as long as the lease
//! holds ([`Lease`]). The service, the client library and the model of the protocol share these
//! rules. No clock and no connection is in here: whoever calls says what time it is.

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
