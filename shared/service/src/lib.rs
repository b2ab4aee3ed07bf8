//! The parts that the services share between their edge and their store: handlers with their audit
//! records, conversions, pages, the streaming side of the outbox, and calls to other services.

mod attempt;
mod audit;
mod convert;
mod enter;
pub mod feed;
mod page;
pub mod peer;
mod store_fault;

pub use self::audit::list_audit;
pub use attempt::Attempt;
pub use convert::{etag, expect_etag, moment, parse, required, timestamp};
pub use enter::{answer, enter, refuse};
pub use page::Page;
pub use store_fault::store_fault;
