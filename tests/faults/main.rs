//! The freshness of answers under faults: three real servers, a history of their answers, and a
//! checker that judges it. `cargo run --release -p benches --bin soak` runs the same attacks for
//! longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod away;
mod cancelled;
mod checker;
mod clocks;
mod cold;
mod ends;
mod gone_back;
mod lagging;
mod loading;
mod rounds;
mod shapes;
mod shared;
