//! Hints that something was committed, from every process that uses the database. Only hints: one
//! that is lost makes a reader later, never wrong.

use std::{sync::Arc, time::Duration};

use base::Epoch;
use sea_orm::{
    sea_query::{Expr, SimpleExpr},
    sqlx::{self, Executor, postgres::PgListener},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::cursor::Cursor;

/// How long to wait before the database is listened to again.
const PAUSE: Duration = Duration::from_millis(200);
/// When nothing was heard for so long, the connection is asked whether it is alive: one whose way
/// was forgotten is as quiet as one that has nothing to tell.
const QUIET: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const PROBE: Duration = Duration::from_secs(1);
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
pub(crate) struct Listening(#[expect(dead_code, reason = "held to be dropped")] Arc<Ends>);

#[derive(Debug)]
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Moves `committed` forward with the commits in a schema of a PostgreSQL database.
pub(crate) fn listen(
    url: String,
    schema: &'static str,
    committed: watch::Sender<Heard>,
) -> Listening {
    let task = tokio::spawn(async move {
        loop {
            let error = match hear(&url, schema, &committed).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            tracing::warn!(%error, "commits of other processes are not heard, only polled for");
            tokio::time::sleep(PAUSE).await;
        }
    });
    Listening(Arc::new(Ends(task.abort_handle())))
}

async fn hear(
    url: &str,
    schema: &str,
    committed: &watch::Sender<Heard>,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let Ok(hint) = timeout(QUIET, listener.recv()).await else {
            let alive = timeout(PROBE, listener.execute("SELECT 1")).await;
            alive.map_err(|_| sqlx::Error::PoolTimedOut)??;
            continue;
        };
        let hint = hint?;
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
