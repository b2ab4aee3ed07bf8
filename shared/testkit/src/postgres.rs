//! A private PostgreSQL server.

mod copy;
mod pooler;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::server::{Server, StartError, free_port, run};

/// The folders of the programs in Debian, newest first.
const FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/bin",
];

/// A private PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    programs: PathBuf,
}

impl Postgres {
    /// Returns the server that the tests of this process share.
    ///
    /// # Errors
    /// [`StartError`], stored and returned to every caller.
    pub fn shared() -> Result<&'static Self, &'static StartError> {
        static SHARED: OnceLock<Result<Postgres, StartError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        let programs = FOLDERS
            .iter()
            .map(Path::new)
            .find(|folder| folder.join("initdb").exists())
            .ok_or(StartError::Missing {
                program: "initdb",
                hint: "apt-get install postgresql",
            })?
            .to_owned();
        let folder = own_folder()?;
        let options = [
            "--auth=trust",
            "--username=mandate",
            "--encoding=UTF8",
            "--locale=C",
        ];
        let data = folder.join("data");
        run(
            "initdb",
            run_by_owner(&programs.join("initdb"))
                .args(options)
                .arg("-D")
                .arg(&data),
        )?;
        Self::serve(programs, folder)
    }

    /// Starts a server on the data in a folder.
    fn serve(programs: PathBuf, folder: PathBuf) -> Result<Self, StartError> {
        let data = folder.join("data");
        let port = free_port()?;
        let command = format!(
            "exec {} '{}' -D '{}' -p {port} -c listen_addresses=127.0.0.1 \
             -c unix_socket_directories= -c max_connections=400",
            runner().join(" "),
            programs.join("postgres").display(),
            data.display(),
        );
        let command = format!("sh -c \"{command}\"");
        let server = Server::start("postgres", &command, folder, port)?;
        let postgres = Self { server, programs };
        postgres.await_ready()?;
        Ok(postgres)
    }

    /// Creates a new, empty database, and returns its URL.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn database(&self) -> Result<String, StartError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name}"))?;
        Ok(format!(
            "postgres://mandate@127.0.0.1:{}/{name}",
            self.server.port
        ))
    }

    /// Drops a database by its URL, and its open connections.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn drop_database(&self, url: &str) -> Result<(), StartError> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.psql(&format!("DROP DATABASE {name} WITH (FORCE)"))
    }

    /// Returns the server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn await_ready(&self) -> Result<(), StartError> {
        for _ in 0..100 {
            if self.psql("SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        self.psql("SELECT 1")
    }

    fn psql(&self, statement: &str) -> Result<(), StartError> {
        let mut psql = self.client("psql");
        run(
            "psql",
            psql.args(["--dbname=postgres", "--quiet", "--command", statement]),
        )
    }

    /// Returns a PostgreSQL client program, with arguments to reach the server.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(["--host=127.0.0.1", "--username=mandate", "--port"])
            .arg(self.server.port.to_string());
        command
    }
}

/// Makes a folder that the server may use.
fn own_folder() -> Result<PathBuf, StartError> {
    let folder = tempfile::Builder::new()
        .prefix("mandate-postgres-")
        .tempdir()?
        .keep();
    if !runner().is_empty() {
        // PostgreSQL refuses to run as root.
        run("chown", Command::new("chown").arg("postgres").arg(&folder))?;
    }
    Ok(folder)
}

/// Returns a program that runs as the user of the server.
fn run_by_owner(program: &Path) -> Command {
    match runner().as_slice() {
        [runner, arguments @ ..] => {
            let mut command = Command::new(runner);
            command.args(arguments).arg(program);
            command
        }
        [] => Command::new(program),
    }
}

/// Returns the command that runs a program as a user other than root.
fn runner() -> Vec<String> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    if is_root {
        [
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
        ]
        .map(str::to_owned)
        .into()
    } else {
        Vec::new()
    }
}
