//! A test installation in every setting.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a failure to set up a rig fails its test"
)]

mod ask;
mod authority;
pub mod faults;
pub mod model;
mod patience;
mod processes;
mod rig;
mod setting;
pub mod signal;

pub use authority::{Authority, Files};
pub use patience::Patience;
pub use processes::program;
pub use rig::Rig;
pub use setting::Setting;
