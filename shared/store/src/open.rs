//! Opens the database that a URL names.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ::audit::Chain;
use clock::Clock;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::MigratorTrait;
use tokens::{Sealer, Source};
use tokio::sync::watch;

use crate::{
    audit::recorder::Recorder,
    error::StoreError,
    head,
    hints::{self, Heard},
    postgres,
    prepare::{expect_own_sessions, prepare},
    store::{LOCK_TIMEOUT, Store, name_of},
    url::StoreUrl,
};

/// Number of connections that read a SQLite file; one more writes.
const SQLITE_READ_CONNECTIONS: u32 = 4;
/// Numbers of connections that read and that write. They are separate pools, because a writer may
/// wait for a read of another call; writers must never occupy all connections.
const POSTGRES_READ_CONNECTIONS: u32 = 10;
const POSTGRES_WRITE_CONNECTIONS: u32 = 8;

impl Store {
    /// Opens a database, creates its schema if needed, and migrates it to the latest version.
    ///
    /// # Errors
    /// [`StoreError::SharedSessions`], [`StoreError::Unavailable`].
    pub async fn open<M: MigratorTrait>(
        url: &StoreUrl,
        source: Source,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let (mut reader, mut writer) = connect(url, source).await?;
        prepare::<M>(url, source, &writer).await?;
        let committed = watch::Sender::new(Heard::default());
        let statements = Arc::<AtomicU64>::default();
        for connection in [&mut reader, &mut writer] {
            let statements = statements.clone();
            connection.set_metric_callback(move |info| {
                if !head::reads_head(&info.statement.sql) {
                    statements.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let listening = (!url.is_sqlite())
            .then(|| hints::listen(url.expose().to_owned(), name_of(source), committed.clone()));
        let store = Self {
            chain: Arc::new(Chain::new(&sealer, name_of(source))),
            reader,
            writer,
            source,
            sealer,
            clock,
            committed,
            recorder: None,
            listening,
            statements,
        };
        store.begin_epoch_if_moved().await?;
        Ok(Self {
            recorder: Some(Recorder::start(store.clone())),
            ..store
        })
    }

    /// Begins a new epoch if the log was written in another database.
    async fn begin_epoch_if_moved(&self) -> Result<(), StoreError> {
        match self.head().await {
            Err(StoreError::EpochEnded(ended)) => self.begin_epoch(ended).await,
            head => head.map(|_| ()),
        }
    }
}

/// Migrates the database of one service to the latest version.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn migrate<M: MigratorTrait>(url: &StoreUrl, source: Source) -> Result<(), StoreError> {
    let (_, writer) = connect(url, source).await?;
    prepare::<M>(url, source, &writer).await
}

/// Opens a pool of connections that read, and one of connections that write.
async fn connect(
    url: &StoreUrl,
    source: Source,
) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    if url.is_sqlite() {
        return sqlite(url).await;
    }
    expect_own_sessions(url).await?;
    let reader = postgres::connect(url, source, POSTGRES_READ_CONNECTIONS).await?;
    let writer = postgres::connect(url, source, POSTGRES_WRITE_CONNECTIONS).await?;
    Ok((reader, writer))
}

/// Opens a pool that reads and one connection that writes: SQLite has one writer at a time, and
/// waiting for the connection is fair, unlike waiting for SQLite's lock.
async fn sqlite(url: &StoreUrl) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let mut options = ConnectOptions::new(url.expose());
    options
        .acquire_timeout(LOCK_TIMEOUT)
        .sqlx_logging(false)
        .max_connections(1)
        .map_sqlx_sqlite_opts(|options| {
            options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged revocation must survive a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(LOCK_TIMEOUT)
        });
    let writer = Database::connect(options.clone()).await?;
    let reader =
        Database::connect(options.max_connections(SQLITE_READ_CONNECTIONS).to_owned()).await?;
    Ok((reader, writer))
}
