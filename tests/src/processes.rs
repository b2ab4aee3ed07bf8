//! An installation of three processes that talk over TCP.

use std::{
    env,
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

/// How often readiness is asked for, and how many times.
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 400;

/// Three servers. Dropped, they are killed.
pub(crate) struct Processes {
    servers: Vec<Child>,
    urls: [String; 3],
}

impl Processes {
    /// Starts the services and waits until they are ready.
    pub(crate) async fn start(database: &str, redis: &str, secrets: PathBuf) -> Self {
        let urls = [(); 3].map(|()| {
            let port = free_port().expect("a free port");
            format!("http://127.0.0.1:{port}")
        });
        let mut servers = Vec::new();
        for (index, service) in ["identity", "membership", "entitlement"].iter().enumerate() {
            let log = File::create(secrets.join(format!("{service}.log"))).expect("a log");
            let address = urls
                .get(index)
                .expect("a URL")
                .trim_start_matches("http://");
            let [identity, membership, entitlement] = &urls;
            let server = Command::new(program())
                .args([
                    "serve",
                    service,
                    "--insecure-plaintext",
                    "--store",
                    database,
                ])
                .args(["--listen", address, "--cache", redis])
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
        let processes = Self { servers, urls };
        for channel in processes.channels() {
            await_ready(channel, &secrets).await;
        }
        processes
    }

    /// The URLs of identity, membership and entitlement.
    pub(crate) fn urls(&self) -> &[String; 3] {
        &self.urls
    }

    /// The channels to identity, membership and entitlement.
    pub(crate) fn channels(&self) -> [Channel; 3] {
        self.urls
            .each_ref()
            .map(|url| over_tcp(url, None).expect("a channel"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // Gone already is as good.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The binary, which cargo builds with the tests.
pub fn program() -> PathBuf {
    let own = env::current_exe().expect("the path of this test");
    let folder = own.ancestors().nth(2).expect("the target folder");
    folder.join("mandate-under-test")
}

async fn await_ready(channel: Channel, logs: &Path) {
    for _ in 0..TRIES {
        let mut client = HealthClient::new(channel.clone());
        let answer = client.check(HealthCheckRequest::default()).await;
        if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let logs = ["identity", "membership", "entitlement"]
        .map(|service| std::fs::read_to_string(logs.join(format!("{service}.log"))));
    panic!("a server is not ready; the logs are {logs:?}");
}
