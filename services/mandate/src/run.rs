//! The server side: every service in one process, or each in its own.

mod dev;
mod dev_args;
mod exposure;
mod installation;
mod migrate;
mod oidc_args;
mod peer_keys;
mod peers;
mod secrets;
mod serve;
mod serve_args;
mod service;
mod shutdown;

pub use dev::dev;
pub use dev_args::DevArgs;
pub use installation::{Installation, InstallationSettings};
pub use migrate::{MigrateArgs, migrate};
pub use peer_keys::PeerKeys;
pub use secrets::Secrets;
pub use serve::serve;
pub(crate) use serve::stores_of;
pub use serve_args::{ServeArgs, Which};
pub use service::{CallerAuthentication, ServiceSettings, Stores};

use crate::exit::Failure;

/// Returns a failure with all causes of an error, outermost first.
fn failed(error: impl std::error::Error) -> Failure {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    Failure::failed(text)
}
