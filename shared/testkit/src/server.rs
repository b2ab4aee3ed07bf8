//! Starting a server, and ending it with the process.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    ops::Range,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Maximum time for a server to start listening.
const PATIENCE: Duration = Duration::from_secs(30);

/// An error in starting a server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A program is not installed.
    #[error("`{program}` is not installed: {hint}")]
    Missing {
        /// The name of the program.
        program: &'static str,
        /// A way to install it.
        hint: &'static str,
    },
    /// The operating system refused something.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A program ended with an error.
    #[error("`{program}` failed: {output}")]
    Failed {
        /// The name of the program.
        program: &'static str,
        /// Its error output.
        output: String,
    },
    /// The server did not listen in time.
    #[error("`{0}` does not listen")]
    Silent(&'static str),
}

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct Server {
    shell: Child,
    /// The port that it listens on, on 127.0.0.1.
    pub port: u16,
    /// Its folder, deleted when it ends.
    pub folder: PathBuf,
}

/// Below the ephemeral range, so that another test's outgoing connection cannot take the port
/// first.
const PORTS: Range<u32> = 12_000..32_000;

/// Returns a free port, which this process returns only once.
///
/// # Errors
/// The error of the operating system, if no port is free.
pub fn free_port() -> io::Result<u16> {
    static FIRST: LazyLock<u32> = LazyLock::new(|| process::id().wrapping_mul(7919));
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    let mut tried = 0;
    loop {
        let next = FIRST.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(PORTS.start + next % count).map_err(io::Error::other)?;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) if tried == count => return Err(error),
            Err(_) => tried += 1,
        }
    }
}

impl Server {
    /// Runs `command` in a shell until this value is dropped or the process ends, and then deletes
    /// `folder`.
    pub(crate) fn start(
        program: &'static str,
        command: &str,
        folder: PathBuf,
        port: u16,
    ) -> Result<Self, StartError> {
        // PostgreSQL stops fast at the first signal and ignores the second; PgBouncer waits for its
        // clients at the first.
        let script = format!(
            "{command} >'{folder}/log' 2>&1 & server=$!\n\
             cat >/dev/null\n\
             kill -INT $server; kill -TERM $server; wait $server; rm -rf '{folder}'",
            folder = folder.display()
        );
        let shell = Command::new("sh")
            .args(["-c", &script])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self {
            shell,
            port,
            folder,
        };
        let begin = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if begin.elapsed() > PATIENCE {
                return Err(StartError::Silent(program));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The shell ends after the server. A failure to delete the folder is not a failure of the
        // test.
        let _ = self.shell.wait();
    }
}

/// Runs a program to its end.
pub(crate) fn run(program: &'static str, command: &mut Command) -> Result<(), StartError> {
    let output = command.current_dir("/").output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(StartError::Failed {
        program,
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
