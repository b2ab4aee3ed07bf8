//! A test installation, and its clients.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use api::Peer;
use cache::Cache;
use clock::{Clock, ManualClock, SystemClock};
use entitlement::DecisionLogSettings;
use futures_util::future::join_all;
use mandate_documents::{
    apply::{Options, Summary, apply},
    clients::Clients,
    document::parse_str,
};
use mandate_server::{
    CallerAuthentication, Installation, InstallationSettings, Secrets, ServiceSettings, Stores,
};
use oidc::Tokens;
use rpc::{Channel, GrpcService};
use secrecy::SecretString;
use tasks::Tasks;
use tempfile::TempDir;
use testkit::{Postgres, Redis};
use tokio_util::sync::CancellationToken;
use types::UnixTime;

use crate::{processes::Processes, setting::Setting};

/// A separate installation, which shares only database and Redis servers with other tests.
pub struct Rig {
    /// The setting of the installation.
    pub setting: Setting,
    /// Moves the clock of an installation that was started with a manual clock.
    pub clock: Option<ManualClock>,
    answers: entitlement::Limits,
    decision_log: Option<DecisionLogSettings>,
    oidc: Option<oidc::Settings>,
    /// The error of the machine's clock, in milliseconds.
    wrong_ms: i64,
    folder: Arc<TempDir>,
    secrets: Secrets,
    database: String,
    redis: String,
    claimed: Mutex<BTreeSet<String>>,
    running: Running,
}

enum Running {
    Here {
        installation: Box<Installation>,
        stop: CancellationToken,
    },
    Processes(Processes),
    Stopped,
}

impl Rig {
    /// Starts an installation with the real time.
    pub async fn start(setting: Setting) -> Self {
        Self::with_clock(setting, None, String::new()).await
    }

    /// Starts an installation with other limits of answers. Not supported as processes.
    pub async fn bounded(setting: Setting, answers: entitlement::Limits) -> Self {
        let mut rig = Self::with_clock(setting, None, String::new()).await;
        rig.answers = answers;
        rig.restart().await;
        rig
    }

    /// Starts an installation with a decision log. Not supported as processes.
    pub async fn logging(setting: Setting, log: DecisionLogSettings) -> Self {
        let mut rig = Self::with_clock(setting, None, String::new()).await;
        rig.decision_log = Some(log);
        rig.restart().await;
        rig
    }

    /// Starts an installation whose clock stands at `now` until it is moved, and that accepts
    /// tokens of an issuer. Not supported as processes.
    pub async fn trusting(setting: Setting, now: UnixTime, issuer: oidc::Settings) -> Self {
        let mut rig = Self::at(setting, now).await;
        rig.oidc = Some(issuer);
        rig.restart().await;
        rig
    }

    /// Starts an installation that uses the Redis server at a URL.
    pub async fn with_redis(setting: Setting, redis: String) -> Self {
        Self::with_clock(setting, None, redis).await
    }

    /// Starts an installation whose clock stands at `now` until it is moved.
    pub async fn at(setting: Setting, now: UnixTime) -> Self {
        Self::with_clock(setting, Some(ManualClock::at(now)), String::new()).await
    }

    async fn with_clock(setting: Setting, clock: Option<ManualClock>, redis: String) -> Self {
        let mut rig = Self::stopped(setting, clock, redis);
        rig.resume().await;
        rig
    }

    /// Starts several installations on one empty database at the same time. Not supported as
    /// processes.
    pub async fn together(setting: Setting, count: usize) -> Vec<Self> {
        let first = Self::stopped(setting, None, String::new());
        let mut rigs: Vec<Self> = (1..count).map(|_| first.twin(0)).collect();
        rigs.push(first);
        join_all(rigs.iter_mut().map(Self::resume)).await;
        rigs
    }

    fn stopped(setting: Setting, clock: Option<ManualClock>, redis: String) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let secrets = Secrets::read_or_make(folder.path()).expect("secrets");
        let database = match setting {
            Setting::Sqlite => format!("sqlite:{}", folder.path().display()),
            Setting::Postgres | Setting::Processes => {
                let postgres = Postgres::shared().expect("a PostgreSQL server");
                postgres.database().expect("a database")
            }
        };
        Self {
            setting,
            clock,
            answers: entitlement::Limits::default(),
            decision_log: None,
            oidc: None,
            wrong_ms: 0,
            folder,
            secrets,
            database,
            redis,
            claimed: Mutex::default(),
            running: Running::Stopped,
        }
    }

    /// Starts another installation on the same databases and Redis, with the same keys and clock.
    pub async fn replica(&self) -> Self {
        self.replica_wrong_by(0).await
    }

    /// Starts another installation on a machine whose clock is wrong. Not supported as processes.
    pub async fn replica_wrong_by(&self, wrong_ms: i64) -> Self {
        let mut replica = self.twin(wrong_ms);
        replica.resume().await;
        replica
    }

    fn twin(&self, wrong_ms: i64) -> Self {
        Self {
            setting: self.setting,
            clock: self.clock.clone(),
            answers: self.answers,
            decision_log: None,
            oidc: None,
            wrong_ms,
            folder: self.folder.clone(),
            secrets: self.secrets.clone(),
            database: self.database.clone(),
            redis: self.redis.clone(),
            claimed: Mutex::default(),
            running: Running::Stopped,
        }
    }

    /// Reserves a name for an entity that a test creates. Two tests that shared a name would change
    /// each other's data.
    ///
    /// # Panics
    /// Panics if the name is reserved.
    pub fn claim(&self, name: &str) {
        let mut claimed = self.claimed.lock().expect("the names");
        assert!(
            claimed.insert(name.to_owned()),
            "another test uses `{name}`"
        );
    }

    /// Kills the installation, and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.stop();
        self.resume().await;
    }

    /// Ends the installation abruptly: nothing is flushed, and no task is awaited.
    pub fn stop(&mut self) {
        if let Running::Here { stop, .. } = &self.running {
            stop.cancel();
        }
        self.running = Running::Stopped;
    }

    /// Ends the installation, and deletes all its data.
    pub fn end(mut self) {
        self.stop();
        if self.setting != Setting::Sqlite {
            let postgres = Postgres::shared().expect("a PostgreSQL server");
            postgres.drop_database(&self.database).expect("no database");
        }
    }

    /// Starts a stopped installation.
    pub async fn resume(&mut self) {
        self.running = match self.setting {
            Setting::Processes => Running::Processes(
                Processes::start(&self.database, &self.redis(), self.secrets_folder()).await,
            ),
            Setting::Sqlite | Setting::Postgres => self.start_here().await,
        };
    }

    async fn start_here(&self) -> Running {
        let stop = CancellationToken::new();
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock::wrong_by(self.wrong_ms)),
        };
        let cache = match self.setting {
            Setting::Sqlite => None,
            Setting::Postgres | Setting::Processes => Cache::open(self.redis()).expect("a cache"),
        };
        let tasks = Tasks::new(stop.clone());
        let tokens = self.oidc.clone().map(|issuer| {
            let started = Tokens::start(issuer, clock.clone(), &tasks);
            started.expect("an issuer")
        });
        let settings = InstallationSettings {
            services: ServiceSettings {
                clock,
                secrets: self.secrets.clone(),
                limits: rpc::Limits::default(),
                callers: CallerAuthentication::Required,
                tokens,
                tasks,
            },
            stores: self.stores(),
            cache,
            answers: self.answers,
            decision_log: self.decision_log.clone(),
        };
        let installation = Installation::start(settings)
            .await
            .expect("an installation");
        Running::Here {
            installation: Box::new(installation),
            stop,
        }
    }

    fn redis(&self) -> String {
        if self.redis.is_empty() {
            return Redis::shared().expect("a Redis server").url();
        }
        self.redis.clone()
    }

    /// Returns the databases, as the services use them.
    pub fn stores(&self) -> Stores {
        let stores = match self.setting {
            Setting::Sqlite => Stores::in_folder(self.folder.path()),
            Setting::Postgres | Setting::Processes => Stores::shared(self.database.as_str()),
        };
        stores.expect("stores")
    }

    /// Returns the URL of the database, or of the folder with its files.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Returns the log of a service that runs as a process.
    pub fn log(&self, service: Peer) -> String {
        let path = self.folder.path().join(format!("{}.log", service.name()));
        std::fs::read_to_string(path).expect("a log")
    }

    /// Returns the keys of the installation.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Returns the URLs of identity, membership and entitlement that run as processes.
    pub fn urls(&self) -> &[String; 3] {
        match &self.running {
            Running::Processes(processes) => processes.urls(),
            _ => panic!("the services are not processes"),
        }
    }

    /// Returns the folder with the keys.
    pub fn secrets_folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Returns the channels to identity, membership and entitlement.
    pub fn channels(&self) -> [Channel; 3] {
        match &self.running {
            Running::Here { installation, .. } => {
                let channel = installation.channel();
                [channel.clone(), channel.clone(), channel]
            }
            Running::Processes(processes) => processes.channels(),
            Running::Stopped => panic!("the installation is stopped"),
        }
    }

    /// Returns the channels to identity, membership and entitlement, as used by the service `peer`.
    pub fn channels_as(&self, peer: Peer) -> [Channel; 3] {
        match &self.running {
            Running::Here { installation, .. } => {
                let channel = installation.channel_as(peer);
                [channel.clone(), channel.clone(), channel]
            }
            Running::Processes(processes) => processes.channels_as(peer),
            Running::Stopped => panic!("the installation is stopped"),
        }
    }

    /// Returns the URLs for calls between the services, if they run as processes.
    pub fn peer_urls(&self) -> &[String; 3] {
        match &self.running {
            Running::Processes(processes) => processes.peer_urls(),
            _ => panic!("the services are not processes"),
        }
    }

    /// Returns the highest peak memory of the services so far, in bytes, if they run as processes.
    pub fn peak_memory_bytes(&self) -> u64 {
        match &self.running {
            Running::Processes(processes) => processes.peak_memory_bytes(),
            _ => panic!("the services are not processes"),
        }
    }

    /// Returns the services behind one address, if they run in this process.
    pub fn service(&self) -> GrpcService {
        match &self.running {
            Running::Here { installation, .. } => installation.service(),
            Running::Processes(_) | Running::Stopped => panic!("not in this process"),
        }
    }

    /// Returns the number of statements that entitlement has run on its database so far, if it runs
    /// in this process. Polling for changes does not count.
    pub fn statements(&self) -> u64 {
        match &self.running {
            Running::Here { installation, .. } => installation.statements(),
            Running::Processes(_) | Running::Stopped => panic!("not in this process"),
        }
    }

    /// Returns clients of the first service account, which may do everything.
    pub fn root(&self) -> Clients {
        self.clients(&self.secrets.root)
    }

    /// Returns clients that authenticate with a key.
    pub fn clients(&self, key: &SecretString) -> Clients {
        let [identity, membership, entitlement] = self.channels();
        Clients::new(identity, membership, entitlement, key)
    }

    /// Applies a document.
    ///
    /// # Panics
    /// Panics if the document is invalid or is not applied.
    pub async fn apply(&self, document: &str) -> Summary {
        let document = parse_str("test.yaml", document);
        let document = document.unwrap_or_else(|problem| panic!("{problem:?}"));
        let applied = apply(&[document], &self.root(), Options::default(), &mut ()).await;
        applied.unwrap_or_else(|error| panic!("{error:?}"))
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop();
    }
}
