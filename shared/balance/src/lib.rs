//! The backends behind names: resolved repeatedly, chosen by load and health, with second tries
//! under a budget.

mod budget;
mod endpoint;
mod load;
mod resolve;
mod set;

pub use budget::Budget;
pub use endpoint::{EndpointError, Host, Tls};
pub use load::{Health, Load};
pub use resolve::{Dns, Resolve, Resolving};
pub use set::{Backend, Backends, Make, Unreachable};
