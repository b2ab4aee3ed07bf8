//! Servers as separate processes, which the benchmark watches and ends.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use tests::signal::kill_running;

use crate::{Cpu, Result};

/// Time between two attempts to connect to a starting server.
const PAUSE: Duration = Duration::from_millis(5);
/// Maximum time for a server to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// The unit of CPU time in `/proc`, equal on every relevant architecture of Linux.
const TICK: Duration = Duration::from_millis(10);
/// Number of bytes shown from the end of the log when a server does not start.
const TAIL: usize = 2000;

/// A server process, which is killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// The address of the server.
    pub address: SocketAddr,
}

impl Daemon {
    /// Starts a program whose output goes to a file, and waits until it listens.
    ///
    /// # Errors
    /// The program does not start or does not listen. The error holds the end of its output.
    pub async fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        address: SocketAddr,
        log: &Path,
    ) -> Result<Self> {
        let (out, errors) = (File::create(log)?, File::options().append(true).open(log)?);
        let child = bound_to_this(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()?;
        let mut daemon = Self { child, address };
        let begin = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = daemon.child.try_wait()?.is_some();
            if ended || begin.elapsed() > PATIENCE {
                let said = fs::read_to_string(log).unwrap_or_default();
                let tail = said.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
                let tail = said.get(tail..).unwrap_or_default();
                return Err(format!("`{}` does not listen: {tail}", program.display()).into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(daemon)
    }

    /// Returns a function that reads the CPU time of the process.
    pub fn cpu(&self) -> Cpu {
        let path = format!("/proc/{}/stat", self.child.id());
        Arc::new(move || {
            let stat = fs::read_to_string(&path)?;
            // The process name before it may contain any character.
            let (_, rest) = stat.rsplit_once(')').ok_or("no name in `stat`")?;
            let ticks: Vec<u32> = rest
                .split_whitespace()
                .skip(11)
                .take(2)
                .map(str::parse)
                .collect::<Result<_, _>>()?;
            Ok(TICK * ticks.iter().sum::<u32>())
        })
    }

    /// Returns the resident memory of the process, in bytes.
    ///
    /// # Errors
    /// The process has ended.
    pub fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        Ok(number.ok_or("no VmRSS")?.parse::<f64>()? * 1024.0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill_running(&mut self.child);
    }
}

/// Returns a free loopback address.
///
/// # Errors
/// There is none.
pub fn free_address() -> Result<SocketAddr> {
    Ok((Ipv4Addr::LOCALHOST, testkit::free_port()?).into())
}

/// Returns the path of the `mandate` binary beside this one, which has the same build profile.
///
/// # Errors
/// The binary does not exist.
pub fn mandate() -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("mandate");
    if program.exists() {
        return Ok(program);
    }
    Err("first `cargo build --release -p mandate`".into())
}

/// Finds a program on the PATH. Ignores scripts, because the benchmark could neither measure nor
/// end the programs that they start.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .filter_map(|program| fs::canonicalize(program).ok())
        .find(|program| !is_script(program))
}

fn is_script(program: &Path) -> bool {
    let mut begin = [0; 2];
    let read = File::open(program).and_then(|mut file| file.read_exact(&mut begin));
    read.is_err() || begin == *b"#!"
}

/// Returns a command that the kernel kills when this process ends. A drop handler does not run if
/// this process is killed.
fn bound_to_this(program: &Path) -> Command {
    let Some(setpriv) = on_path("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Runs a program to its end, and returns its output.
///
/// # Errors
/// The program failed. The error holds its output.
pub fn finish<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("`{}` failed: {said}", program.display()).into())
}
