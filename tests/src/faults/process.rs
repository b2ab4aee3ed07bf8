//! A replica as a separate process.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rpc::{Channel, over_tcp};
use testkit::free_port;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::signal::Paused;

const PAUSE: Duration = Duration::from_millis(25);
const TRIES: usize = 1200;

/// Runs a program, prints its process id, and kills it when the shell's standard input closes. The
/// program so ends with the process that started it, even if that process is killed.
const HOLD: &str = "log=$1; shift; \"$@\" >/dev/null 2>\"$log\" & own=$!; echo $own; \
    cat >/dev/null; kill -CONT $own; kill -KILL $own; wait $own";

/// `mandate serve all` as a process, which is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    shell: Child,
    process: u32,
    url: String,
    log: PathBuf,
}

impl Process {
    /// Starts the process without waiting for it.
    pub(super) fn start(program: &Path, store: &str, cache: &str, secrets: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port().expect("a free port"));
        let log = secrets.join(format!("{address}.log"));
        let mut shell = Command::new("sh")
            .args(["-c", HOLD, "sh"])
            .args([&log, program])
            .args(["serve", "all", "--insecure-plaintext", "--threads", "2"])
            .args(["--store", store, "--cache", cache, "--listen", &address])
            .arg("--secrets")
            .arg(secrets)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let mut process = String::new();
        let told = shell.stdout.take().expect("the output");
        let read = BufReader::new(told).read_line(&mut process);
        read.expect("the id of the process");
        Self {
            shell,
            process: process.trim().parse().expect("the id of the process"),
            url: format!("http://{address}"),
            log,
        }
    }

    /// Waits until the server is ready.
    pub(super) async fn ready(&self) {
        for _ in 0..TRIES {
            let mut client = HealthClient::new(self.channel());
            let answer = client.check(HealthCheckRequest::default()).await;
            if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let log = std::fs::read_to_string(&self.log);
        panic!("a server is not ready; its log is {log:?}");
    }

    /// Returns the log of the server.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    /// Returns a new connection, which is opened on first use.
    pub(super) fn channel(&self) -> Channel {
        over_tcp(&self.url, None).expect("a channel")
    }

    /// Pauses the process until the returned guard is dropped.
    pub(super) fn pause(&self) -> Paused {
        Paused::process(self.process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The shell ends after the server.
        self.shell.wait().expect("the end of a server");
    }
}
