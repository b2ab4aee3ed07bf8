//! Hints that something was committed, from every process that uses the database. Only hints: one
//! that is lost makes a reader later, never wrong.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend,
    sqlx::{self, Executor, postgres::PgListener},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::error::StoreError;

/// How long to wait before the database is listened to again.
const PAUSE: Duration = Duration::from_millis(200);
/// When nothing was heard for so long, the connection is asked whether it is alive: one whose way
/// was forgotten is as quiet as one that has nothing to tell.
const QUIET: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const PROBE: Duration = Duration::from_secs(1);
/// The channel within a database: each service has a schema of its own, which is part of the hint.
const CHANNEL: &str = "mandate_commits";

/// Tells every process that listens, once the transaction is committed. SQLite has no other
/// processes to tell.
pub(crate) async fn send(tx: &DatabaseTransaction, position: i64) -> Result<(), StoreError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let tell = format!("SELECT pg_notify('{CHANNEL}', current_schema() || ' {position}')");
        tx.execute_unprepared(&tell).await?;
    }
    Ok(())
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
    committed: watch::Sender<i64>,
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
    committed: &watch::Sender<i64>,
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
        let position = hint
            .payload()
            .split_once(' ')
            .filter(|(of, _)| *of == schema)
            .and_then(|(_, position)| position.parse::<i64>().ok());
        if let Some(at) = position {
            committed.send_if_modified(|last| (at > *last).then(|| *last = at).is_some());
        }
    }
}
