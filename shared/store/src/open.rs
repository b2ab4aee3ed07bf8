//! Opens the database that a URL names.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::audit::Chain;
use base::Epoch;
use clock::Clock;
use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    IsolationLevel, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::MigratorTrait;
use seal::{Sealer, Source};
use tokio::{sync::watch, time::timeout};

use crate::{
    audit::recorder::Recorder,
    error::StoreError,
    head,
    hints::{self, Heard, Listening},
    postgres,
    prepare::{expect_own_sessions, prepare},
    url::StoreUrl,
};

/// Maximum time that a statement waits for a connection or a lock.
pub(crate) const WAIT: Duration = Duration::from_secs(5);
/// Number of connections that read a SQLite file; one more writes.
const SQLITE_READERS: u32 = 4;
/// Numbers of connections that read and that write. They are separate pools, because a writer may
/// wait for a read of another call; writers must never occupy all connections.
const POSTGRES_READERS: u32 = 10;
const POSTGRES_WRITERS: u32 = 8;
/// The database of one service.
#[derive(Clone)]
pub struct Store {
    pub(crate) reader: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    pub(crate) source: Source,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) committed: watch::Sender<Heard>,
    pub(crate) chain: Arc<Chain>,
    /// Records calls that change nothing; absent in the store that the recorder itself uses.
    pub(crate) recorder: Option<Recorder>,
    /// Receives the commits of other processes, if the database is shared.
    listening: Option<Listening>,
    statements: Arc<AtomicU64>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.source)
    }
}

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
        store.settle_epoch().await?;
        Ok(Self {
            recorder: Some(Recorder::start(store.clone())),
            ..store
        })
    }

    /// Begins a new epoch if the log was written in another database.
    async fn settle_epoch(&self) -> Result<(), StoreError> {
        match self.head().await {
            Err(StoreError::EpochEnded(ended)) => self.begin_epoch(ended).await,
            head => head.map(|_| ()),
        }
    }

    /// Fails immediately if the database is known to be away: an attempt to connect would take
    /// seconds.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub fn present(&self) -> Result<(), StoreError> {
        match &self.listening {
            Some(listening) if listening.is_away() => Err(StoreError::Away),
            _ => Ok(()),
        }
    }

    /// Returns a connection for single statements that read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Returns a connection for single statements that clean up. They change no facts, so the log
    /// does not report them.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction in which all statements read one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        self.present()?;
        let options = match self.reader.get_database_backend() {
            DbBackend::Sqlite => TransactionOptions::default(),
            _ => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        Ok(self.reader.begin_with_options(options).await?)
    }

    /// Closes the connections once they are idle. A SQLite database is then complete in its one
    /// file. This is the last step of a shutdown.
    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            match timeout(WAIT, connection.close_by_ref()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a database was not closed"),
                Err(_) => tracing::warn!(log = ?self.source, "a database is still in use"),
            }
        }
    }

    /// Returns the number of statements run so far, without those that only poll for news, which do
    /// not come from calls.
    pub fn statements(&self) -> Arc<AtomicU64> {
        self.statements.clone()
    }

    /// Returns a receiver of the last known commit.
    pub fn subscribe(&self) -> watch::Receiver<(Epoch, i64)> {
        self.committed.subscribe()
    }

    /// Returns the clock that stamps rows.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns the sealer of this installation's tokens.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
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
    let reader = postgres::connect(url, source, POSTGRES_READERS).await?;
    let writer = postgres::connect(url, source, POSTGRES_WRITERS).await?;
    Ok((reader, writer))
}

/// Opens a pool that reads and one connection that writes: SQLite has one writer at a time, and
/// waiting for the connection is fair, unlike waiting for SQLite's lock.
async fn sqlite(url: &StoreUrl) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let mut options = ConnectOptions::new(url.expose());
    options
        .acquire_timeout(WAIT)
        .sqlx_logging(false)
        .max_connections(1)
        .map_sqlx_sqlite_opts(|options| {
            options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged revocation must survive a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(WAIT)
        });
    let writer = Database::connect(options.clone()).await?;
    let reader = Database::connect(options.max_connections(SQLITE_READERS).to_owned()).await?;
    Ok((reader, writer))
}

/// Returns the name of the service that owns a log; it is also the name of its schema in
/// PostgreSQL.
pub fn name_of(source: Source) -> &'static str {
    match source {
        Source::Identity => "identity",
        Source::Membership => "membership",
        Source::Entitlement => "entitlement",
    }
}
