//! Attacks on every method of the interface, derived from the descriptors. A new method is attacked
//! from its first day; a method without a sample fails the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod anonymous;
mod boundary;
mod dump;
mod fault;
mod fuzz;
mod hosts;
mod keys;
mod mixed;
mod mutant;
mod mutations;
mod names;
mod oversized;
mod pages;
mod peers;
mod random;
mod refusals;
mod roles;
mod samples;
mod schema;
mod strangers;
mod table;
mod texts;
mod tokens;
mod wire;
mod world;
