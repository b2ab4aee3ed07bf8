//! The client library, tested against the product and against misbehaving servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod balancing;
mod batches;
mod circumstances;
mod failing;
mod fake;
mod guard;
mod hedging;
mod keys;
mod local;
mod network;
mod product;
mod redis;
mod secured;
mod stream;
mod tls;
mod world;
