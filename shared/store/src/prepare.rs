//! Migrates databases to the latest version, one process at a time.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr,
    error::RuntimeErr,
    sqlx::{self, AssertSqlSafe, Connection, PgConnection, Row},
};
use sea_orm_migration::MigratorTrait;
use tokens::Source;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    error::StoreError,
    store::{LOCK_TIMEOUT, name_of},
    url::StoreUrl,
};

/// The first half of the keys of the advisory locks, which belong to the whole database: the
/// letters `MNDT`.
const LOCK_KEY_PREFIX: i32 = 0x4d4e_4454;
/// Time between attempts to get a lock that another process holds, or to reach a server that does
/// not listen yet.
const RETRY_DELAY: Duration = Duration::from_millis(50);
/// Maximum time for the migrations of another process.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(600);

/// Makes the tables of a service, or migrates them to the latest version.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) async fn prepare<M: MigratorTrait>(
    url: &StoreUrl,
    source: Source,
    writer: &DatabaseConnection,
) -> Result<(), StoreError> {
    if url.is_sqlite() {
        return Ok(M::up(writer, None).await?);
    }
    let migration_lock = migration_lock(session(url).await?, source).await?;
    let schema = format!("CREATE SCHEMA IF NOT EXISTS {}", name_of(source));
    writer.execute_unprepared(&schema).await?;
    M::up(writer, None).await?;
    Ok(migration_lock.close().await.map_err(connecting)?)
}

/// Checks that a connection keeps one session for as long as it lives. Behind a pooler that changes
/// the session with each transaction, the search path could be that of any service.
///
/// # Errors
/// [`StoreError::SharedSessions`], [`StoreError::Unavailable`].
pub(crate) async fn expect_own_sessions(url: &StoreUrl) -> Result<(), StoreError> {
    let mut one = session(url).await?;
    let mut other = session(url).await?;
    let first = process(&mut one).await?;
    let mut held = other.begin().await.map_err(connecting)?;
    // A pooler gives the session of an idle client to another one …
    let is_own = process(&mut held).await? != first
        // … and returns a different session later.
        && process(&mut one).await? == first;
    held.rollback().await.map_err(connecting)?;
    if is_own {
        Ok(())
    } else {
        Err(StoreError::SharedSessions)
    }
}

/// Opens a connection, once the server listens.
async fn session(url: &StoreUrl) -> Result<PgConnection, StoreError> {
    let connect = async {
        loop {
            match PgConnection::connect(url.expose()).await {
                Err(sqlx::Error::Io(_)) => sleep(RETRY_DELAY).await,
                connected => return connected,
            }
        }
    };
    let connected = timeout(LOCK_TIMEOUT, connect).await;
    Ok(connected
        .map_err(|_| StoreError::Late)?
        .map_err(connecting)?)
}

/// Returns the server process of a session.
async fn process(session: &mut PgConnection) -> Result<i32, StoreError> {
    ask(session, "SELECT pg_backend_pid()".to_owned()).await
}

/// Waits until no other process prepares the tables of a service. The lock ends with the session,
/// so also with the process.
async fn migration_lock(
    mut session: PgConnection,
    source: Source,
) -> Result<PgConnection, StoreError> {
    let name = name_of(source);
    let try_lock = format!("SELECT pg_try_advisory_lock({LOCK_KEY_PREFIX}, hashtext('{name}'))");
    let end = Instant::now() + MIGRATION_TIMEOUT;
    let mut is_told = false;
    while !ask(&mut session, try_lock.clone()).await? {
        if Instant::now() >= end {
            return Err(StoreError::Late);
        }
        if !std::mem::replace(&mut is_told, true) {
            tracing::info!(log = ?source, "another process is migrating the database");
        }
        sleep(RETRY_DELAY).await;
    }
    Ok(session)
}

/// Runs a statement without preparing it, because some poolers do not support prepared statements.
async fn ask<T>(session: &mut PgConnection, statement: String) -> Result<T, StoreError>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let asked = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_one(session);
    let row = timeout(LOCK_TIMEOUT, asked)
        .await
        .map_err(|_| StoreError::Late)?;
    let answer = row.and_then(|row| row.try_get(0));
    Ok(answer.map_err(connecting)?)
}

fn connecting(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
