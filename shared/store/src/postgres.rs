//! Connections to PostgreSQL.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection},
};
use seal::Source;
use tokio::time::timeout;

use crate::{
    error::StoreError,
    open::{WAIT, name_of},
    url::StoreUrl,
};

/// How long a connection may take to say that it is alive. One whose way was forgotten (a router
/// began anew, a machine was lost) never says anything, not even an error.
const PROBE: Duration = Duration::from_secs(1);
/// What a session gives up by itself. Every write waits for the same row, so a replica that is cut
/// off or stands still within a transaction would hold up all others for as long as TCP has hope.
/// What the server warns of (a transaction that is ended twice) is no matter for the log.
const SESSION: &str = "SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '2s'; \
    SET tcp_user_timeout = '5s'; \
    SET tcp_keepalives_idle = 5; \
    SET tcp_keepalives_interval = 1; \
    SET tcp_keepalives_count = 5; \
    SET client_min_messages = 'error'";
/// Ends statements whose asker has closed the connection, where the server can (from 14 on, Linux).
const NOBODY_ASKS: &str = "SELECT set_config(name, '500', false) FROM pg_settings \
    WHERE name = 'client_connection_check_interval' AND version() LIKE '%linux%'";
/// Notes which server a session is with, and on which timeline: constant as long as it lasts. Fails
/// on a standby, so that no connection to one is ever used.
const SERVER: &str = "SELECT set_config('mandate.server', \
    (SELECT system_identifier FROM pg_control_system()) || '/' || \
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), false)";
/// Ends the transaction that a connection is in, also one that the driver does not know of: a
/// `BEGIN` whose answer nobody waited for. In one message, it costs what a ping does.
const NO_TRANSACTION: &str = "BEGIN; ROLLBACK";

/// A pool of connections to the tables of one service.
pub(crate) async fn connect(
    url: &StoreUrl,
    source: Source,
    connections: u32,
) -> Result<DatabaseConnection, StoreError> {
    let schema = name_of(source);
    let mut options = ConnectOptions::new(url.expose());
    options
        .acquire_timeout(WAIT)
        .sqlx_logging(false)
        .max_connections(connections)
        .set_schema_search_path(schema)
        .map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| {
                let begin =
                    format!("SET search_path = \"{schema}\"; {SESSION}; {NOBODY_ASKS}; {SERVER}");
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(begin)).await?;
                    Ok(())
                })
            })
            // The pool asks without end; these ask first.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(is_alive(connection)))
            .after_release(|connection, _| Box::pin(is_idle(connection)))
        });
    Ok(Database::connect(options).await?)
}

/// Whether a connection can be used; one that cannot is closed.
async fn is_alive(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(within_probe(connection.ping()).await)
}

/// Whether a connection that is given back has come to rest. A call that was cut off may leave
/// it amid a statement or a transaction; whoever used it next would fail by that.
async fn is_idle(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(within_probe(connection.execute(NO_TRANSACTION)).await)
}

async fn within_probe<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> bool {
    match timeout(PROBE, answer).await {
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
