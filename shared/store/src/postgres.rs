//! Connections to PostgreSQL.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection},
};
use tokens::Source;
use tokio::time::timeout;

use crate::{
    error::StoreError,
    store::{LOCK_TIMEOUT, name_of},
    url::StoreUrl,
};

/// Maximum time for a connection to prove that it is alive. A connection whose route is gone (a
/// router restarted, a machine was lost) never answers, not even with an error.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeouts of a session. Every write waits for the same row, so a replica that is cut off or
/// paused within a transaction would block all others until TCP gives up. Warnings of the server (a
/// transaction that is ended twice) do not belong in the log.
const SET_SESSION_TIMEOUTS: &str = "SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '2s'; \
    SET tcp_user_timeout = '5s'; \
    SET tcp_keepalives_idle = 5; \
    SET tcp_keepalives_interval = 1; \
    SET tcp_keepalives_count = 5; \
    SET client_min_messages = 'error'";
/// Ends statements whose client has closed the connection, if the server supports it (from 14 on,
/// Linux).
const CANCEL_ORPHANED_STATEMENTS: &str = "SELECT set_config(name, '500', false) FROM pg_settings \
    WHERE name = 'client_connection_check_interval' AND version() LIKE '%linux%'";
/// Stores the server of a session and its timeline, which stay the same for as long as the session
/// lives. Fails on a standby, so that a connection to a standby is never used.
const STORE_SERVER_ID: &str = "SELECT set_config('mandate.server', \
    (SELECT system_identifier FROM pg_control_system()) || '/' || \
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), false)";
/// Ends the transaction that a connection is in, even one that the driver does not know of: a
/// `BEGIN` whose answer was not awaited. It is one message, so it costs as little as a ping.
const END_TRANSACTION: &str = "BEGIN; ROLLBACK";

/// Opens a pool of connections to the tables of one service.
pub(crate) async fn connect(
    url: &StoreUrl,
    source: Source,
    connections: u32,
) -> Result<DatabaseConnection, StoreError> {
    let schema = name_of(source);
    let mut options = ConnectOptions::new(url.expose());
    options
        .acquire_timeout(LOCK_TIMEOUT)
        .sqlx_logging(false)
        .max_connections(connections)
        .set_schema_search_path(schema)
        .map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| {
                let begin =
                    format!("SET search_path = \"{schema}\"; {SET_SESSION_TIMEOUTS}; {CANCEL_ORPHANED_STATEMENTS}; {STORE_SERVER_ID}");
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(begin)).await?;
                    Ok(())
                })
            })
            // The pool's own test has no timeout; these tests have one.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_alive(connection)))
            .after_release(|connection, _| Box::pin(is_idle(connection)))
        });
    Ok(Database::connect(options).await?)
}

/// Checks if a connection can be used; a dead one is closed.
async fn is_alive(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(within_probe(connection.ping()).await)
}

/// Checks if a returned connection is idle. An interrupted call may leave it in the middle of a
/// statement or a transaction, and the next user would fail.
async fn is_idle(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(within_probe(connection.execute(END_TRANSACTION)).await)
}

async fn within_probe<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> bool {
    match timeout(PROBE_TIMEOUT, answer).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection is closed");
            false
        }
        Err(_) => {
            tracing::debug!("a connection that does not answer is closed");
            false
        }
    }
}
