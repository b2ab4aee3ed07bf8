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

/// How long a statement may wait for a connection or a lock.
pub(crate) const WAIT: Duration = Duration::from_secs(5);
/// Connections that read a SQLite file; one more writes.
const SQLITE_READERS: u32 = 4;
/// Connections that read, and that write: who writes may wait for a read to be done elsewhere, so
/// writers must never have all of them.
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
    /// Records what changes nothing; absent in the store that it writes to.
    pub(crate) recorder: Option<Recorder>,
    /// Hears of the commits of other processes, where there are such.
    listening: Option<Listening>,
    statements: Arc<AtomicU64>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.source)
    }
}

impl Store {
    /// Opens a database, makes its schema if it is not there, and brings it to the latest
    /// version.
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

    /// Begins a new epoch where the database is not the one that the log was written in.
    async fn settle_epoch(&self) -> Result<(), StoreError> {
        match self.head().await {
            Err(StoreError::EpochEnded(ended)) => self.begin_epoch(ended).await,
            head => head.map(|_| ()),
        }
    }

    /// Says at once that the database is away, where that is known: whoever tries a connection
    /// waits for seconds.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub fn present(&self) -> Result<(), StoreError> {
        match &self.listening {
            Some(listening) if listening.is_away() => Err(StoreError::Away),
            _ => Ok(()),
        }
    }

    /// A connection for single statements that read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// A connection for single statements that clean up: they change no facts, so the log does not
    /// tell of them.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// A transaction in which all statements read one snapshot.
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

    /// Closes the connections, once they are not used any more. A SQLite database is then whole in
    /// its file alone. A process that is told to end does this last.
    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            match timeout(WAIT, connection.close_by_ref()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a database was not closed"),
                Err(_) => tracing::warn!(log = ?self.source, "a database is still in use"),
            }
        }
    }

    /// How many statements were run on the database so far, without those that only see whether
    /// there is something new: these do not come from calls.
    pub fn statements(&self) -> Arc<AtomicU64> {
        self.statements.clone()
    }

    /// The last commit that was heard of, or a later one, whenever it changes.
    pub fn subscribe(&self) -> watch::Receiver<(Epoch, i64)> {
        self.committed.subscribe()
    }

    /// The clock that rows are stamped by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Makes and opens the tokens of this installation.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }
}

/// Brings the database of one service to the latest version.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn migrate<M: MigratorTrait>(url: &StoreUrl, source: Source) -> Result<(), StoreError> {
    let (_, writer) = connect(url, source).await?;
    prepare::<M>(url, source, &writer).await
}

/// Connections that read, and one or more that write.
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

/// A pool that reads and a connection that writes: SQLite has one writer at a time, and
/// waiting for a connection is fair where waiting for its lock is not.
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
                // A revocation that was acknowledged must survive a power cut.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(WAIT)
        });
    let writer = Database::connect(options.clone()).await?;
    let reader = Database::connect(options.max_connections(SQLITE_READERS).to_owned()).await?;
    Ok((reader, writer))
}

/// The name of the service that a log is of; it keeps its tables under it in a PostgreSQL database.
pub fn name_of(source: Source) -> &'static str {
    match source {
        Source::Identity => "identity",
        Source::Membership => "membership",
        Source::Entitlement => "entitlement",
    }
}
