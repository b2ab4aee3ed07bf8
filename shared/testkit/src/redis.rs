//! A private Redis server.

use std::{process::Command, sync::OnceLock};

use crate::server::{Server, StartError, free_port};

/// A private Redis server.
#[derive(Debug)]
pub struct Redis(Server);

impl Redis {
    /// The server that the tests of this process share.
    ///
    /// # Errors
    /// [`StartError`], kept for all who ask.
    pub fn shared() -> Result<&'static Self, &'static StartError> {
        static SHARED: OnceLock<Result<Redis, StartError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        if Command::new("redis-server")
            .arg("--version")
            .output()
            .is_err()
        {
            return Err(StartError::Missing {
                program: "redis-server",
                hint: "apt-get install redis-server",
            });
        }
        let folder = tempfile::Builder::new()
            .prefix("mandate-redis-")
            .tempdir()?
            .keep();
        let port = free_port()?;
        let command = format!(
            "redis-server --port {port} --bind 127.0.0.1 --save '' --appendonly no --dir '{}'",
            folder.display()
        );
        Ok(Self(Server::start("redis-server", &command, folder, port)?))
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port)
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.0
    }
}
