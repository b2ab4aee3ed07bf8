//! `PgBouncer` in front of a server.

use std::{fs, path::Path};

use super::{Postgres, own_folder, runner};
use crate::server::{Server, StartError, free_port, run};

/// The path of the program in Debian.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

impl Postgres {
    /// Starts `PgBouncer` in front of the server, with a value of `pool_mode`; returns `None` if it
    /// is not installed.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn pooled(&self, mode: &str) -> Result<Option<Server>, StartError> {
        if !Path::new(PROGRAM).exists() {
            return Ok(None);
        }
        let (folder, port) = (own_folder()?, free_port()?);
        let settings = folder.join("pgbouncer.ini");
        let server = self.server.port;
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host=127.0.0.1 port={server} user=mandate\n[pgbouncer]\n\
                 listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
                 auth_type = any\npool_mode = {mode}\ndefault_pool_size = 100\n\
                 max_client_conn = 400\nignore_startup_parameters = extra_float_digits\n"
            ),
        )?;
        let mut command = runner().join(" ");
        if !command.is_empty() {
            run(
                "chmod",
                std::process::Command::new("chmod")
                    .arg("a+r")
                    .arg(&settings),
            )?;
            command.push(' ');
        }
        let command = format!("exec {command}{PROGRAM} '{}'", settings.display());
        let command = format!("sh -c \"{command}\"");
        Server::start("pgbouncer", &command, folder, port).map(Some)
    }
}
