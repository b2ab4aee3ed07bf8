//! A private Redis server.

use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

use crate::server::{Server, StartError, free_port};

/// A private Redis server.
#[derive(Debug)]
pub struct Redis(Server);

impl Redis {
    /// Returns the server that the tests of this process share.
    ///
    /// # Errors
    /// [`StartError`], stored and returned to every caller.
    pub fn shared() -> Result<&'static Self, &'static StartError> {
        static SHARED: OnceLock<Result<Redis, StartError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        Self::start_with("")
    }

    /// Starts a server with more options.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with(options: &str) -> Result<Self, StartError> {
        let (folder, port) = (folder()?, free_port()?);
        let command = format!(
            "redis-server --port {port} --bind 127.0.0.1 --save '' --appendonly no --dir '{}' \
             {options}",
            folder.display()
        );
        Ok(Self(Server::start("redis-server", &command, folder, port)?))
    }

    /// Starts a Sentinel that watches a master, `main`, and considers it down after half a second,
    /// with more options.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn sentinel(master: u16, options: &str) -> Result<Self, StartError> {
        let (folder, port) = (folder()?, free_port()?);
        let path = folder.join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n",
            folder.display()
        );
        fs::write(&path, settings)?;
        let command = format!("redis-server '{}' --sentinel {options}", path.display());
        Ok(Self(Server::start("redis-server", &command, folder, port)?))
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port)
    }

    /// Returns the server.
    pub fn server(&self) -> &Server {
        &self.0
    }
}

/// Makes a folder for a server, if the program is installed.
fn folder() -> Result<PathBuf, StartError> {
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
    Ok(tempfile::Builder::new()
        .prefix("mandate-redis-")
        .tempdir()?
        .keep())
}
