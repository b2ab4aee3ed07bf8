//! The running of servers: every service in one process, or each in its own.

mod error;
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

pub use error::ServerError;
pub use installation::{Installation, InstallationSettings};
pub use migrate::migrate;
pub use peer_keys::PeerKeys;
pub use secrets::{ROOT_KEY_FILE, Secrets};
pub use serve::{serve, stores_of};
pub use serve_args::{ServeArgs, Which};
pub use service::{BuildError, CallerAuthentication, ServiceSettings, Stores};
pub use shutdown::shutdown_signal;
