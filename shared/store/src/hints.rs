//! Hints that something was committed, from every process that uses the database. Only hints: one
//! that is lost makes a reader later, never wrong. Whoever listens also knows first that the database
//! is away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base::{Epoch, Seldom};
use sea_orm::{
    sea_query::{Expr, SimpleExpr},
    sqlx::{self, Connection, Executor, PgConnection, postgres::PgListener},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::cursor::Cursor;

/// How long to wait before the database is listened to again.
const PAUSE: Duration = Duration::from_millis(200);
/// When nothing was heard for so long, the connection is asked whether it is alive: one whose way
/// was forgotten is as quiet as one that has nothing to tell.
const QUIET: Duration = Duration::from_secs(2);
/// How long it may take to say so, or to be made.
const PROBE: Duration = Duration::from_secs(1);
/// What a server says that is starting or ending (`cannot_connect_now`).
const CANNOT_CONNECT_NOW: &str = "57P03";
/// The channel within a database: each service has a schema of its own, which is part of the hint.
const CHANNEL: &str = "mandate_commits";

/// The last commit that was heard of, by its epoch and its position: a later epoch comes after all
/// of an earlier one.
pub(crate) type Heard = (Epoch, i64);

/// What tells every process that listens to PostgreSQL of a commit, evaluated in its transaction.
/// SQLite has no other processes to tell.
pub(crate) fn notification(cursor: &Cursor) -> SimpleExpr {
    let Cursor {
        epoch, position, ..
    } = cursor;
    Expr::cust(format!(
        "pg_notify('{CHANNEL}', current_schema() || ' {epoch} {position}')"
    ))
}

/// Notes a commit that was heard of, unless a later one was.
pub(crate) fn note(committed: &watch::Sender<Heard>, heard: Heard) {
    // Mostly it is known, and then nobody waits for the lock of those who write.
    if heard <= *committed.borrow() {
        return;
    }
    committed.send_if_modified(|last| (heard > *last).then(|| *last = heard).is_some());
}

/// Listening, for as long as this lives.
#[derive(Debug, Clone)]
pub(crate) struct Listening(Arc<Task>);

#[derive(Debug)]
struct Task {
    handle: AbortHandle,
    away: Arc<AtomicBool>,
}

impl Listening {
    /// Whether the database could not be reached when it was last tried, a moment ago.
    pub(crate) fn is_away(&self) -> bool {
        self.0.away.load(Ordering::Relaxed)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Moves `committed` forward with the commits in a schema of a PostgreSQL database.
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
            let error = match hear(&url, schema, &committed).await {
                Ok(never) => match never {},
                Err(error) => error.to_string(),
            };
            if let Some(untold) = seldom.tells(&error, Instant::now()) {
                tracing::warn!(
                    error,
                    untold,
                    "commits of other processes are not heard, only polled for"
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    Listening(Arc::new(Task {
        handle: task.abort_handle(),
        away,
    }))
}

/// Whether the database answers at all, if only that it takes no more connections.
async fn is_reachable(url: &str) -> bool {
    match timeout(PROBE, PgConnection::connect(url)).await {
        Ok(Ok(_)) => true,
        Ok(Err(sqlx::Error::Database(error))) => {
            error.code().as_deref() != Some(CANNOT_CONNECT_NOW)
        }
        Ok(Err(_)) | Err(_) => false,
    }
}

async fn hear(
    url: &str,
    schema: &str,
    committed: &watch::Sender<Heard>,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let listening = async {
        let mut listener = PgListener::connect(url).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    let listening = timeout(PROBE, listening).await;
    let mut listener = listening.map_err(|_| sqlx::Error::PoolTimedOut)??;
    loop {
        let Ok(hint) = timeout(QUIET, listener.try_recv()).await else {
            let alive = timeout(PROBE, listener.execute("SELECT 1")).await;
            alive.map_err(|_| sqlx::Error::PoolTimedOut)??;
            continue;
        };
        let hint = hint?.ok_or_else(|| sqlx::Error::Protocol("the connection was lost".into()))?;
        if let Some(heard) = read(hint.payload(), schema) {
            note(committed, heard);
        }
    }
}

/// Reads a hint of the commits in a schema.
fn read(hint: &str, schema: &str) -> Option<Heard> {
    let mut words = hint.split(' ');
    let of = words.next()?;
    let epoch = Epoch(words.next()?.parse().ok()?);
    let position = words.next()?.parse().ok()?;
    (of == schema).then_some((epoch, position))
}
