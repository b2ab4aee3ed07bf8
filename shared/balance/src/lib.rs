//! The backends behind names: found again and again, asked by load and health, asked twice under a
//! budget.

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
