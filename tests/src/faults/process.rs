//! A replica as a process.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rpc::{Channel, over_tcp};
use testkit::free_port;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::signal::{Paused, send};

const PAUSE: Duration = Duration::from_millis(25);
const TRIES: usize = 1200;

/// `mandate serve all`. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    server: Child,
    url: String,
    log: PathBuf,
}

impl Process {
    /// Starts it, and does not wait for it.
    pub(super) fn start(program: &Path, store: &str, cache: &str, secrets: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port().expect("a free port"));
        let log = secrets.join(format!("{address}.log"));
        let server = Command::new(program)
            .args(["serve", "all", "--insecure-plaintext", "--threads", "2"])
            .args(["--store", store, "--cache", cache, "--listen", &address])
            .arg("--secrets")
            .arg(secrets)
            .stdin(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("a server");
        Self {
            server,
            url: format!("http://{address}"),
            log,
        }
    }

    /// Waits until it is ready.
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

    /// A connection of its own, made when it is first used.
    pub(super) fn channel(&self) -> Channel {
        over_tcp(&self.url, None).expect("a channel")
    }

    /// Stops it until what this returns is dropped.
    pub(super) fn pause(&self) -> Paused {
        Paused::process(self.server.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        send(self.server.id(), "CONT");
        // Gone already is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
