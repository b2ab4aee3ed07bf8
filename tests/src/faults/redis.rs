//! A Redis server under the control of a test.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use testkit::{Redis, free_port};

use crate::signal::{self, Paused};

/// Maximum time for the answer to a command.
const PATIENCE: Duration = Duration::from_secs(10);

/// A private Redis server, which ends when this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    server: Redis,
    process: u32,
    /// The TLS port, if the server has one.
    tls: Option<u16>,
}

impl RedisServer {
    /// Starts a server.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a server with additional options.
    pub fn start_with(options: &str) -> Self {
        let server = Redis::start_with(options).expect("a Redis server");
        let info = ask(server.server().port, "INFO server", "config_file");
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("process_id:"));
        let process = line.and_then(|id| id.trim().parse().ok());
        Self {
            server,
            process: process.expect("the id of the process"),
            tls: None,
        }
    }

    /// Starts a server that also listens on TLS, with additional options. `folder` holds `tls.crt`,
    /// `tls.key` and `ca.crt`, the certificate of their authority.
    pub fn start_secured(folder: &Path, options: &str) -> Self {
        let port = free_port().expect("a free port");
        let tls = tls_options(folder, port);
        Self {
            tls: Some(port),
            ..Self::start_with(&format!("{tls} {options}"))
        }
    }

    /// Returns the port on 127.0.0.1 without TLS.
    pub fn port(&self) -> u16 {
        self.server.server().port
    }

    /// Returns the port for other processes: the TLS port if there is one.
    pub(super) fn public_port(&self) -> u16 {
        self.tls.unwrap_or_else(|| self.port())
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme(), self.public_port())
    }

    /// Returns the scheme of the server's URLs.
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        }
    }

    /// Kills the server.
    pub fn kill(&self) {
        signal::kill(self.process);
    }

    /// Pauses the server until the returned guard is dropped.
    pub fn pause(&self) -> Paused {
        Paused::process(self.process)
    }

    /// Sends a command, and reads until `until` appears in the answer.
    pub fn ask(&self, command: &str, until: &str) -> String {
        ask(self.port(), command, until)
    }

    /// Limits the memory to little more than is in use, and fills it, so that the server evicts
    /// keys.
    pub fn fill(&self) {
        let used = self.number("INFO memory", "used_memory:", "mem_fragmentation_ratio");
        let evicted = || self.number("INFO stats", "evicted_keys:", "keyspace_misses");
        let before = evicted();
        self.ask("CONFIG SET maxmemory-policy allkeys-lru", "+OK");
        self.ask(
            &format!("CONFIG SET maxmemory {}", used + (64 << 10)),
            "+OK",
        );
        let junk = "x".repeat(1000);
        let fill =
            format!("for i = 1, 400 do redis.call('SET', 'junk:' .. i, '{junk}') end return 1");
        self.ask(&format!("EVAL \"{fill}\" 0"), ":1\r\n");
        let begin = Instant::now();
        while evicted() == before {
            assert!(begin.elapsed() < PATIENCE, "nothing is evicted");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns a number from an answer of the server. `until` must appear in the answer.
    fn number(&self, command: &str, name: &str, until: &str) -> u64 {
        let told = self.ask(command, until);
        let found = told.lines().find_map(|line| line.strip_prefix(name));
        let number = found.and_then(|number| number.trim().parse().ok());
        number.expect("a number")
    }

    /// Removes the memory limit.
    pub fn unfill(&self) {
        self.ask("CONFIG SET maxmemory 0", "+OK");
    }

    /// Makes the server a replica of another, and waits until the data is copied.
    pub fn follow(&self, master: &Self) {
        master.ask("CONFIG SET repl-diskless-sync-delay 0", "+OK");
        let port = master.public_port();
        self.ask(&format!("REPLICAOF 127.0.0.1 {port}"), "+OK");
        let begin = Instant::now();
        while !self
            .ask("INFO replication", "master_replid")
            .contains("master_link_status:up")
        {
            assert!(begin.elapsed() < PATIENCE, "no replication");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the replication and keeps the data.
    pub fn lead(&self) {
        self.ask("REPLICAOF NO ONE", "+OK");
    }
}

/// Returns the options of a server that also listens on TLS and uses TLS to other servers.
pub(super) fn tls_options(folder: &Path, port: u16) -> String {
    format!(
        "--tls-port {port} --tls-auth-clients no --tls-replication yes \
         --tls-cert-file '{0}/tls.crt' --tls-key-file '{0}/tls.key' --tls-ca-cert-file '{0}/ca.crt'",
        folder.display()
    )
}

/// Sends a command over a plain connection, and reads until `until` appears in the answer.
pub(super) fn ask(port: u16, command: &str, until: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .expect("a connection");
    let (mut answer, mut buffer) = (String::new(), [0; 8192]);
    while !answer.contains(until) {
        let read = stream.read(&mut buffer);
        let read = read.unwrap_or_else(|error| panic!("`{command}`: {error} after `{answer}`"));
        assert!(read > 0, "{answer}");
        answer.push_str(&String::from_utf8_lossy(
            buffer.get(..read).unwrap_or_default(),
        ));
    }
    answer
}
