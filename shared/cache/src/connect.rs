//! One connection that all share, made anew in the background when it breaks: nobody waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, ErrorKind, RedisError, RedisResult, ServerErrorKind,
    aio::MultiplexedConnection, cluster::ClusterConfig, cluster_async::ClusterConnection,
};

use crate::{PATIENCE, url::Place};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// So many late answers in a row, and the connection is taken for dead.
const DEAF: u32 = 50;

/// A connection on which commands of many travel together.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Makes connections.
pub(crate) struct Connector {
    place: Place,
    state: Mutex<State>,
    /// Answers that came too late, one after another.
    late: AtomicU32,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// When the last try began that has not succeeded.
    tried: Option<Instant>,
}

impl Connector {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            state: Mutex::default(),
            late: AtomicU32::new(0),
        }
    }

    /// The connection, if there is one; else one is begun.
    pub(crate) fn current(self: &Arc<Self>) -> Option<Connection> {
        let mut state = self.state.lock();
        if state.connection.is_some() {
            return state.connection.clone();
        }
        let due = state
            .tried
            .is_none_or(|tried| tried.elapsed() > CONNECT + PAUSE);
        if due {
            state.tried = Some(Instant::now());
            let own = self.clone();
            tokio::spawn(async move { own.connect().await });
        }
        None
    }

    /// Drops the connection, if it is because of it that a command failed.
    pub(crate) fn failed(&self, error: &RedisError) {
        // A master that has become a replica is no longer the one to talk to.
        let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        let broken = error.is_unrecoverable_error() || error.is_io_error();
        // A cluster mends its connections itself.
        if !matches!(self.place, Place::Cluster(_)) && (demoted || broken) {
            self.state.lock().connection = None;
        }
        tracing::debug!(%error, "the cache failed");
    }

    /// Notes that the cache answered.
    pub(crate) fn succeeded(&self) {
        if self.late.load(Ordering::Relaxed) != 0 {
            self.late.store(0, Ordering::Relaxed);
        }
    }

    /// Drops a connection on which nothing comes back any more: its server may be gone without
    /// a word.
    pub(crate) fn was_late(&self) {
        if self.late.fetch_add(1, Ordering::Relaxed) >= DEAF {
            self.late.store(0, Ordering::Relaxed);
            self.state.lock().connection = None;
        }
    }

    async fn connect(self: Arc<Self>) {
        let made = tokio::time::timeout(CONNECT, self.open()).await;
        let failed = match made {
            Ok(Ok(connection)) => {
                let mut state = self.state.lock();
                state.connection = Some(connection);
                state.tried = None;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no connection in time".to_owned(),
        };
        tracing::debug!(error = failed, "the cache cannot be reached");
        tokio::time::sleep(PAUSE).await;
        self.state.lock().tried = None;
    }

    async fn open(&self) -> RedisResult<Connection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(PATIENCE));
        match &self.place {
            Place::Server(client) => client
                .get_multiplexed_async_connection_with_config(&config)
                .await
                .map(Connection::Server),
            Place::Sentinel(client) => client
                .lock()
                .await
                .get_async_connection_with_config(&config)
                .await
                .map(Connection::Server),
            Place::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(CONNECT)
                    .set_response_timeout(PATIENCE);
                client
                    .get_async_connection_with_config(config)
                    .await
                    .map(Connection::Cluster)
            }
        }
    }
}
