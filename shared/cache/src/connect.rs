//! One connection that all callers share. It is replaced in the background when it breaks, and
//! callers do not wait for it.

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

/// Maximum time to connect.
const CONNECT: Duration = Duration::from_secs(1);
/// Time before the next attempt to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// Number of late answers in a row after which the connection is considered dead.
const DEAF: u32 = 50;

/// A connection that carries the commands of many callers.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Makes connections.
pub(crate) struct Connector {
    place: Place,
    state: Mutex<State>,
    /// Number of late answers in a row.
    late: AtomicU32,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// The start of the last attempt, if it has not succeeded.
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

    /// Returns the connection if there is one; otherwise starts to connect.
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

    /// Drops the connection, if it caused the failure of a command.
    pub(crate) fn failed(&self, error: &RedisError) {
        // A master that has become a replica no longer accepts writes.
        let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        let broken = error.is_unrecoverable_error() || error.is_io_error();
        // A cluster client repairs its connections itself.
        if !matches!(self.place, Place::Cluster(_)) && (demoted || broken) {
            self.state.lock().connection = None;
        }
        tracing::debug!(%error, "the cache failed");
    }

    /// Records that the cache answered.
    pub(crate) fn succeeded(&self) {
        if self.late.load(Ordering::Relaxed) != 0 {
            self.late.store(0, Ordering::Relaxed);
        }
    }

    /// Records a late answer. Drops the connection after many in a row: its server may have
    /// vanished silently.
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
