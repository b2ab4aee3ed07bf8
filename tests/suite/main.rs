//! The product as its users meet it, through its public interface, in every setting. A test with
//! the id of a scenario or an attack in its name verifies that scenario or attack.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod audit;
mod backup;
mod boot;
mod cli;
mod contract;
mod epochs;
mod http;
mod layers;
mod oidc;
mod operating;
mod passwords;
mod pooler;
mod portals;
mod reference;
mod requests;
mod resets;
mod signals;
mod stack;
mod tls;
mod watch;
