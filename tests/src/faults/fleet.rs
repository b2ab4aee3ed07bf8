//! Three replicas with their PostgreSQL and Redis, and a proxy on every connection between them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::entitlement::v1::authorization_service_client::AuthorizationServiceClient;
use freshness::Contract;
use mandate_documents::{
    apply::{Options, apply},
    clients::Clients,
    document::parse_str,
};
use mandate_server::Secrets;
use rpc::Channel;
use secrecy::SecretString;
use tempfile::TempDir;
use testkit::Postgres;

use super::{
    history::{History, Write},
    process::Process,
    proxy::Proxy,
    read::Reader,
    redis::RedisServer,
    world::{ALWAYS, document},
};
use crate::signal::Paused;

/// Number of replicas. Most writes go to the first.
pub const REPLICAS: usize = 3;

/// The whole installation. All its processes end when it is dropped.
pub struct Fleet {
    /// The recorded history.
    pub history: Arc<History>,
    /// The proxies between each replica and PostgreSQL.
    pub to_postgres: Vec<Proxy>,
    /// The proxies between each replica and a single Redis server.
    pub to_redis: Vec<Proxy>,
    /// The proxy between the readers of Redis and the server.
    pub from_readers: Proxy,
    /// The keys of the installation.
    pub secrets: Secrets,
    redis: Mutex<RedisServer>,
    /// The URL of Redis, unless it is a single server.
    cache: Option<String>,
    processes: Vec<Process>,
    postgres: Postgres,
    /// The URL of the database, bypassing the proxies.
    database: String,
    program: PathBuf,
    folder: TempDir,
}

impl Fleet {
    /// Starts the whole installation.
    pub async fn start(program: &Path) -> Self {
        Self::start_on(program, RedisServer::start(), None).await
    }

    /// Starts the installation with Redis in another topology, at `cache`. The proxies to a single
    /// Redis server are then unused.
    pub async fn start_on(program: &Path, redis: RedisServer, cache: Option<&str>) -> Self {
        Self::start_by(program, redis, cache, true).await
    }

    /// Starts the installation without proxies, whose latency would falsify measured times.
    pub async fn start_direct(program: &Path) -> Self {
        let redis = RedisServer::start();
        let url = format!("redis://127.0.0.1:{}", redis.port());
        Self::start_by(program, redis, Some(&url), false).await
    }

    async fn start_by(
        program: &Path,
        redis: RedisServer,
        cache: Option<&str>,
        proxied: bool,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let secrets = Secrets::read_or_make(folder.path()).expect("secrets");
        let postgres = Postgres::start().expect("a PostgreSQL server");
        let database = postgres.database().expect("a database");
        let port = postgres.server().port;
        let (mut to_postgres, mut to_redis) = (Vec::new(), Vec::new());
        let mut processes: Vec<Process> = Vec::new();
        for _ in 0..REPLICAS {
            let (own, other) = (Proxy::start(port).await, Proxy::start(redis.port()).await);
            let to = if proxied { own.port } else { port };
            let store = database.replace(&port.to_string(), &to.to_string());
            let one = format!("redis://127.0.0.1:{}", other.port);
            let at = cache.unwrap_or(&one);
            let process = Process::start(program, &store, at, folder.path());
            if processes.is_empty() {
                // The first replica creates the tables; the others start once it is ready.
                process.ready().await;
            }
            processes.push(process);
            to_postgres.push(own);
            to_redis.push(other);
        }
        let fleet = Self {
            history: Arc::default(),
            to_postgres,
            to_redis,
            from_readers: Proxy::start(redis.port()).await,
            redis: Mutex::new(redis),
            cache: cache.map(str::to_owned),
            secrets,
            processes,
            postgres,
            database,
            program: program.to_owned(),
            folder,
        };
        fleet.load().await;
        for process in &fleet.processes {
            process.ready().await;
        }
        fleet
    }

    async fn load(&self) {
        let document = parse_str("faults.yaml", &document());
        let document = document.unwrap_or_else(|problem| panic!("{problem:?}"));
        let clients = self.clients(0);
        let applied = apply(&[document], &clients, Options::default(), &mut ()).await;
        applied.unwrap_or_else(|error| panic!("{error:?}"));
        self.history.write(Write {
            begin: Duration::ZERO,
            end: self.history.now(),
            user: ALWAYS,
            allows: true,
            at: 0,
        });
    }

    /// Returns a connection to a replica.
    pub fn channel(&self, replica: usize) -> Channel {
        self.process(replica).channel()
    }

    /// Returns clients of a replica on a new connection.
    pub fn clients(&self, replica: usize) -> Clients {
        self.clients_with(replica, &self.secrets.root)
    }

    /// Returns clients of a replica on a new connection, authenticated with `key`.
    pub fn clients_with(&self, replica: usize, key: &SecretString) -> Clients {
        let channel = self.channel(replica);
        Clients::new(channel.clone(), channel.clone(), channel, key)
    }

    /// Returns a client for checks of a replica, on a new connection.
    pub fn authorization(&self, replica: usize) -> AuthorizationServiceClient<Channel> {
        self.clients(replica).authorization()
    }

    /// Returns a reader of Redis, which connects through the proxy of the readers if Redis is a
    /// single server.
    pub fn reader(&self) -> Reader {
        let one = format!("redis://127.0.0.1:{}", self.from_readers.port);
        let namespace = self.secrets.sealer.namespace(entitlement::DECISIONS);
        let url = self.cache.as_deref().unwrap_or(&one);
        Reader::new(url, Contract::new(&namespace), self.history.clone())
    }

    /// Runs a function on the Redis server.
    pub fn with_redis<T>(&self, with: impl FnOnce(&RedisServer) -> T) -> T {
        with(&self.redis.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the Redis server. Returns the previous one.
    pub(super) fn exchange_redis(&self, new: RedisServer) -> RedisServer {
        let mut redis = self.redis.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut redis, new)
    }

    /// Returns the log position that a token names.
    pub fn position(&self, token: &str) -> i64 {
        let opened = self.secrets.sealer.open_consistency(token);
        opened.expect("a token of this installation").at
    }

    /// Returns the log of a replica.
    pub fn log(&self, replica: usize) -> String {
        self.process(replica).log()
    }

    /// Returns the PostgreSQL server that the installation starts with.
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// Returns the URL of the database on that server.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Redirects all replicas to another PostgreSQL server, and closes their connections.
    pub fn lead_to_postgres(&self, port: u16) {
        for proxy in &self.to_postgres {
            proxy.lead_to(port);
            proxy.close();
        }
    }

    /// Ends all replicas, runs `meanwhile`, and starts the replicas again.
    pub async fn restart(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.processes.clear();
        meanwhile(self);
        let port = self.postgres.server().port.to_string();
        for (own, other) in self.to_postgres.iter().zip(&self.to_redis) {
            let store = self.database.replace(&port, &own.port.to_string());
            let cache = format!("redis://127.0.0.1:{}", other.port);
            let process = Process::start(&self.program, &store, &cache, self.folder.path());
            self.processes.push(process);
        }
        for process in &self.processes {
            process.ready().await;
        }
    }

    /// Pauses a replica until the returned guard is dropped.
    pub fn pause_replica(&self, replica: usize) -> Paused {
        self.process(replica).pause()
    }

    /// Pauses all processes of PostgreSQL until the returned guard is dropped.
    pub fn pause_postgres(&self) -> Paused {
        let lock = self.postgres.server().folder.join("data/postmaster.pid");
        let lock = std::fs::read_to_string(lock).expect("a running server");
        let process = lock.lines().next().and_then(|id| id.parse().ok());
        Paused::tree(process.expect("the id of the process"))
    }

    fn process(&self, replica: usize) -> &Process {
        self.processes.get(replica).expect("a replica")
    }
}
