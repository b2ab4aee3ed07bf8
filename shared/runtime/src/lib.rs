//! Runtime setup of a process: logs, traces, metrics, secrets, the admin port.

mod admin;
mod secrets;
mod telemetry;

pub use admin::serve_admin;
pub use secrets::{SecretError, read_secret, secret_in};
pub use telemetry::{LogFormat, Telemetry, TelemetryError, TelemetrySettings};
