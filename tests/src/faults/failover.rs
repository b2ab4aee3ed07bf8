//! Redis in other topologies: a master that Sentinel monitors, and a cluster.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use testkit::{Redis, free_port};

use super::redis::{RedisServer, ask, tls_options};

/// Maximum time for a topology to form or to change.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);
/// Number of hash slots of a Redis cluster.
const SLOTS: u32 = 16384;
const MASTERS: u32 = 3;

/// A master, its replica, and the Sentinel that promotes the replica.
#[derive(Debug)]
pub struct Watched {
    /// The master.
    pub master: RedisServer,
    copy: RedisServer,
    sentinel: Redis,
    /// The port of Sentinel.
    port: u16,
}

impl Watched {
    /// Starts all three.
    pub fn start() -> Self {
        let (master, copy) = (RedisServer::start(), RedisServer::start());
        Self::of(master, copy, None)
    }

    /// Starts all three with TLS between them. The certificate is in `folder`.
    pub fn start_secured(folder: &Path) -> Self {
        let server = || RedisServer::start_secured(folder, "");
        Self::of(server(), server(), Some(folder))
    }

    fn of(master: RedisServer, copy: RedisServer, tls: Option<&Path>) -> Self {
        copy.follow(&master);
        let secured = tls.map(|folder| (free_port().expect("a free port"), folder));
        let options = secured.map(|(port, folder)| tls_options(folder, port));
        let sentinel = Redis::sentinel(master.public_port(), &options.unwrap_or_default());
        let sentinel = sentinel.expect("a Sentinel");
        let port = secured.map_or(sentinel.server().port, |(port, _)| port);
        let watched = Self {
            master,
            copy,
            sentinel,
            port,
        };
        // Sentinel learns of the replica from the master.
        until("a copy", || {
            watched.says("SENTINEL REPLICAS main", "port") == watched.copy.public_port()
        });
        watched
    }

    /// Returns the master and its replica.
    pub fn nodes(&self) -> [&RedisServer; 2] {
        [&self.master, &self.copy]
    }

    /// Returns the URL by which services find the master.
    pub fn url(&self) -> String {
        let (scheme, port) = (self.master.scheme(), self.port);
        format!("{scheme}+sentinel://127.0.0.1:{port}/main")
    }

    /// Kills the master, and waits until the replica is promoted.
    pub fn fail_over(&self) {
        self.master.kill();
        until("another master", || {
            self.says("SENTINEL MASTERS", "port") == self.copy.public_port()
        });
    }

    /// Returns a number from an answer of Sentinel, which monitors one master only.
    fn says(&self, command: &str, name: &str) -> u16 {
        let answer = ask(self.sentinel.server().port, command, "\r\n");
        let mut lines = answer.lines().skip_while(|line| *line != name);
        lines
            .nth(2)
            .and_then(|line| line.parse().ok())
            .unwrap_or_default()
    }
}

/// Three masters, and a replica of the master that owns the hash tag `hot`.
#[derive(Debug)]
pub struct Cluster {
    masters: Vec<RedisServer>,
    copy: RedisServer,
    hot: usize,
}

impl Cluster {
    /// Starts all servers and joins them to a cluster.
    pub fn start() -> Self {
        Self::of(RedisServer::start_with)
    }

    /// Starts all servers with TLS between them, and joins them. The certificate is in `folder`.
    pub fn start_secured(folder: &Path) -> Self {
        Self::of(|options| {
            RedisServer::start_secured(folder, &format!("{options} --tls-cluster yes"))
        })
    }

    fn of(start: impl Fn(&str) -> RedisServer) -> Self {
        let node = || {
            let bus = free_port().expect("a free port");
            let options = format!(
                "--cluster-enabled yes --cluster-node-timeout 700 --cluster-port {bus} \
                 --cluster-replica-validity-factor 0 --repl-diskless-sync-delay 0"
            );
            (start(&options), bus)
        };
        let nodes: Vec<_> = (0..=MASTERS).map(|_| node()).collect();
        let first = nodes.first().map(|(first, _)| first.port());
        let first = first.expect("a node");
        for ((node, bus), number) in nodes.iter().zip(0..) {
            if number < MASTERS {
                let (from, to) = (SLOTS * number / MASTERS, SLOTS * (number + 1) / MASTERS - 1);
                node.ask(&format!("CLUSTER ADDSLOTSRANGE {from} {to}"), "+OK");
            }
            ask(
                first,
                &format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.public_port()),
                "+OK",
            );
        }
        let slot = ask(first, "CLUSTER KEYSLOT {hot}", "\r\n");
        let slot: u32 = slot.trim().trim_start_matches(':').parse().expect("a slot");
        let hot = (0..MASTERS).find(|number| slot < SLOTS * (number + 1) / MASTERS);
        let hot = usize::try_from(hot.expect("a master")).expect("a small number");
        let mut masters: Vec<_> = nodes.into_iter().map(|(node, _)| node).collect();
        let copy = masters.pop().expect("the last");
        let cluster = Self { masters, copy, hot };
        until("a cluster", || {
            cluster.nodes().all(|node| {
                node.ask("CLUSTER INFO", "cluster_my_epoch")
                    .contains("cluster_state:ok")
            })
        });
        let id = cluster.hot().ask("CLUSTER MYID", "\r\n");
        let id = id.lines().nth(1).unwrap_or_default().to_owned();
        cluster.copy.ask(&format!("CLUSTER REPLICATE {id}"), "+OK");
        until("a copy", || {
            let told = cluster.copy.ask("INFO replication", "master_replid");
            told.contains("master_link_status:up")
        });
        cluster
    }

    /// Returns all servers.
    pub fn nodes(&self) -> impl Iterator<Item = &RedisServer> {
        self.masters.iter().chain([&self.copy])
    }

    /// Returns the URL by which services find the cluster.
    pub fn url(&self) -> String {
        let nodes = self.nodes();
        let nodes: Vec<_> = nodes
            .map(|node| format!("127.0.0.1:{}", node.public_port()))
            .collect();
        format!("{}+cluster://{}", self.hot().scheme(), nodes.join(","))
    }

    /// Kills the master that owns the hash tag, and waits until its replica is promoted.
    pub fn fail_over(&self) {
        self.hot().kill();
        until("another master", || {
            let told = self.copy.ask("INFO replication", "master_replid");
            told.contains("role:master")
        });
    }

    fn hot(&self) -> &RedisServer {
        self.masters.get(self.hot).expect("a master")
    }
}

fn until(what: &str, is: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < PATIENCE, "timed out waiting for {what}");
        std::thread::sleep(PAUSE);
    }
}
