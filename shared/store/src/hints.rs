//! Commit notifications from every process that uses the database. They are only hints: a lost one
//! delays a reader, and never makes it wrong. The listener is also the first to notice that the
//! database is away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{
    sea_query::{Expr, SimpleExpr},
    sqlx::{self, Connection, Executor, PgConnection, postgres::PgListener},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};
use types::{Epoch, Seldom};

use crate::cursor::Cursor;

/// Time before a new attempt to listen to the database.
const LISTEN_RETRY_DELAY: Duration = Duration::from_millis(200);
/// Time without a message after which the connection is probed: a connection whose route is gone is
/// as silent as one without commits.
const SILENCE_BEFORE_PROBE: Duration = Duration::from_secs(2);
/// Maximum time for a probe, or for a new connection.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The error code of a server that is starting or stopping (`cannot_connect_now`).
const CANNOT_CONNECT_NOW: &str = "57P03";
/// The channel within a database. Each service has its own schema, which is part of the message.
const CHANNEL: &str = "mandate_commits";

/// The last known commit, by its epoch and position: a later epoch comes after all positions of an
/// earlier one.
pub(crate) type Heard = (Epoch, i64);

/// Returns the expression that notifies every process that listens to PostgreSQL of a commit; the
/// commit's transaction evaluates it. With SQLite there are no other processes.
pub(crate) fn notification(cursor: &Cursor) -> SimpleExpr {
    let Cursor {
        epoch, position, ..
    } = cursor;
    Expr::cust(format!(
        "pg_notify('{CHANNEL}', current_schema() || ' {epoch} {position}')"
    ))
}

/// Records a received commit, unless a later one is known.
pub(crate) fn note(committed: &watch::Sender<Heard>, heard: Heard) {
    // Usually the commit is known already; this avoids the lock of writers.
    if heard <= *committed.borrow() {
        return;
    }
    committed.send_if_modified(|last| (heard > *last).then(|| *last = heard).is_some());
}

/// A listener, for as long as this value lives.
#[derive(Debug, Clone)]
pub(crate) struct Listening(Arc<Task>);

#[derive(Debug)]
struct Task {
    handle: AbortHandle,
    away: Arc<AtomicBool>,
}

impl Listening {
    /// True if the last attempt to reach the database failed.
    pub(crate) fn is_away(&self) -> bool {
        self.0.away.load(Ordering::Relaxed)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Advances `committed` with the commits in a schema of a PostgreSQL database.
pub(crate) fn listen(
    url: String,
    schema: &'static str,
    committed: watch::Sender<Heard>,
) -> Listening {
    let away = Arc::<AtomicBool>::default();
    let is_away = away.clone();
    let task = tokio::spawn(async move {
        let seldom = Seldom::new();
        loop {
            is_away.store(!is_reachable(&url).await, Ordering::Relaxed);
            let error = match receive(&url, schema, &committed, &is_away).await {
                Ok(never) => match never {},
                Err(error) => error.to_string(),
            };
            if let Some(untold) = seldom.tells(&error, Instant::now()) {
                tracing::warn!(
                    error,
                    untold,
                    "commit notifications of other processes are not received; polling instead"
                );
            }
            tokio::time::sleep(LISTEN_RETRY_DELAY).await;
        }
    });
    Listening(Arc::new(Task {
        handle: task.abort_handle(),
        away,
    }))
}

/// True if the database answers at all, even if only to refuse another connection.
async fn is_reachable(url: &str) -> bool {
    match timeout(PROBE_TIMEOUT, PgConnection::connect(url)).await {
        Ok(Ok(_)) => true,
        Ok(Err(sqlx::Error::Database(error))) => {
            error.code().as_deref() != Some(CANNOT_CONNECT_NOW)
        }
        Ok(Err(_)) | Err(_) => false,
    }
}

async fn receive(
    url: &str,
    schema: &str,
    committed: &watch::Sender<Heard>,
    is_away: &AtomicBool,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let listening = async {
        let mut listener = PgListener::connect(url).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    let listening = timeout(PROBE_TIMEOUT, listening).await;
    let mut listener = listening.map_err(|_| sqlx::Error::PoolTimedOut)??;
    // The database may have come back since the last attempt to reach it failed.
    is_away.store(false, Ordering::Relaxed);
    loop {
        let Ok(hint) = timeout(SILENCE_BEFORE_PROBE, listener.try_recv()).await else {
            let alive = timeout(PROBE_TIMEOUT, listener.execute("SELECT 1")).await;
            alive.map_err(|_| sqlx::Error::PoolTimedOut)??;
            continue;
        };
        let hint = hint?.ok_or_else(|| sqlx::Error::Protocol("the connection was lost".into()))?;
        if let Some(heard) = read(hint.payload(), schema) {
            note(committed, heard);
        }
    }
}

/// Reads a notification of a commit in a schema.
fn read(hint: &str, schema: &str) -> Option<Heard> {
    let mut words = hint.split(' ');
    let of = words.next()?;
    let epoch = Epoch(words.next()?.parse().ok()?);
    let position = words.next()?.parse().ok()?;
    (of == schema).then_some((epoch, position))
}
