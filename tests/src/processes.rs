//! An installation of three processes that talk over TCP.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use api::Peer;
use mandate_server::PeerKeys;
use rpc::{Channel, over_tcp, over_tcp_as};
use testkit::free_port;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::signal::kill_running;

/// Time between two readiness probes, and their maximum number.
const READINESS_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_READINESS_POLLS: usize = 400;

/// Three servers, which are killed when this is dropped.
pub(crate) struct Processes {
    servers: Vec<Child>,
    urls: [String; 3],
    /// The URLs for calls between the services.
    peer_urls: [String; 3],
    secrets: PathBuf,
}

impl Processes {
    /// Starts the services and waits until they are ready.
    pub(crate) async fn start(database: &str, redis: &str, secrets: PathBuf) -> Self {
        PeerKeys::make(&secrets).expect("keys of the services");
        let url = |()| {
            let port = free_port().expect("a free port");
            format!("http://127.0.0.1:{port}")
        };
        let (urls, peer_urls) = ([(); 3].map(url), [(); 3].map(url));
        let mut servers = Vec::new();
        for (index, service) in ["identity", "membership", "entitlement"].iter().enumerate() {
            let log = File::create(secrets.join(format!("{service}.log"))).expect("a log");
            let address = |urls: &[String; 3]| {
                let url = urls.get(index).expect("a URL");
                url.trim_start_matches("http://").to_owned()
            };
            let [identity, membership, entitlement] = &peer_urls;
            let server = Command::new(program())
                .args([
                    "serve",
                    service,
                    "--insecure-plaintext",
                    "--store",
                    database,
                ])
                .args(["--listen", &address(&urls), "--cache", redis])
                .args(["--peer-listen", &address(&peer_urls)])
                .args(["--identity-url", identity, "--membership-url", membership])
                .args(["--entitlement-url", entitlement])
                .arg("--secrets")
                .arg(&secrets)
                .stdin(Stdio::null())
                .stderr(log)
                .spawn()
                .expect("a server");
            servers.push(server);
        }
        let processes = Self {
            servers,
            urls,
            peer_urls,
            secrets: secrets.clone(),
        };
        for channel in processes.channels() {
            await_ready(channel, &secrets).await;
        }
        processes
    }

    /// Returns the URLs of identity, membership and entitlement.
    pub(crate) fn urls(&self) -> &[String; 3] {
        &self.urls
    }

    /// Returns the URLs of identity, membership and entitlement for calls between the services.
    pub(crate) fn peer_urls(&self) -> &[String; 3] {
        &self.peer_urls
    }

    /// Returns the highest peak memory of the three processes so far, in bytes.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        let peaks = self.servers.iter().map(|server| {
            let status = fs::read_to_string(format!("/proc/{}/status", server.id()));
            let status = status.expect("the state of a process");
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = peak.expect("VmHWM").trim().trim_end_matches(" kB");
            kilobytes.parse::<u64>().expect("a number") * 1024
        });
        peaks.max().expect("a server")
    }

    /// Returns the channels to identity, membership and entitlement, as used by the service `peer`.
    pub(crate) fn channels_as(&self, peer: Peer) -> [Channel; 3] {
        let keys = PeerKeys::read(&self.secrets, peer).expect("the key of a service");
        self.peer_urls
            .each_ref()
            .map(|url| over_tcp_as(&keys.own, url, None).expect("a channel"))
    }

    /// Returns the channels to identity, membership and entitlement.
    pub(crate) fn channels(&self) -> [Channel; 3] {
        self.urls
            .each_ref()
            .map(|url| over_tcp(url, None).expect("a channel"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for server in &mut self.servers {
            kill_running(server);
        }
    }
}

/// Returns the path of the binary, which cargo builds with the tests.
pub fn program() -> PathBuf {
    let own = env::current_exe().expect("the path of this test");
    let folder = own.ancestors().nth(2).expect("the target folder");
    folder.join("mandate-under-test")
}

async fn await_ready(channel: Channel, logs: &Path) {
    for _ in 0..MAX_READINESS_POLLS {
        let mut client = HealthClient::new(channel.clone());
        let answer = client.check(HealthCheckRequest::default()).await;
        if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
            return;
        }
        tokio::time::sleep(READINESS_POLL_INTERVAL).await;
    }
    let logs = ["identity", "membership", "entitlement"]
        .map(|service| std::fs::read_to_string(logs.join(format!("{service}.log"))));
    panic!("a server is not ready; the logs are {logs:?}");
}
