//! Every method of the interface, attacked through what the descriptors say of it: a method that
//! is added is attacked from its first day, and one without a sample fails.

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
