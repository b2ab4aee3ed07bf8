//! Complete copies of databases: one SQLite file for each service, whatever its database is.
//!
//! A copy has the schema that the service's own migrations make, and the rows of one snapshot. It
//! names no source database, so the log of changes begins a new epoch when a restored database is
//! opened.

mod file;
mod restore;
mod rows;
mod tables;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbErr, IsolationLevel, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokens::Source;

pub use self::{
    file::{count_rows, verify_audit},
    restore::Restoration,
};
use crate::{
    error::StoreError,
    store::{LOCK_TIMEOUT, name_of},
    url::StoreUrl,
};

/// An error in making, checking or restoring a copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be used.
    #[error("`{}` cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The database is of another version than this program.
    #[error(
        "the database of {service} is not of this version; run `mandate migrate`, or use the \
         version of Mandate that made it"
    )]
    Version {
        /// The service of the database.
        service: &'static str,
    },
    /// The target of a restore is not empty.
    #[error("`{0}` is not empty; a copy can be restored only to an empty location")]
    NotEmpty(String),
    /// A table cannot be copied.
    #[error("the table `{0}` has no primary key, or a column of an unknown type")]
    Table(String),
    /// A copy is damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The audit log in a copy is not the one that was written.
    #[error("the audit log: {0}")]
    Audit(#[from] ::audit::Broken),
}

impl From<DbErr> for BackupError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// The content of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The last migration.
    pub migration: String,
    /// The epoch of the log.
    pub epoch: i64,
    /// The position of the last commit.
    pub position: i64,
    /// The number of rows of each table.
    pub rows: BTreeMap<String, u64>,
}

/// A snapshot of a database. Reading it blocks no one.
#[derive(Debug)]
pub struct Snapshot {
    db: DatabaseConnection,
    tx: DatabaseTransaction,
}

impl Snapshot {
    /// Opens a snapshot of a database.
    ///
    /// # Errors
    /// [`BackupError::Store`].
    pub async fn open(url: &StoreUrl) -> Result<Self, BackupError> {
        let db = connect(url).await?;
        let options = TransactionOptions {
            isolation_level: (!url.is_sqlite()).then_some(IsolationLevel::RepeatableRead),
            access_mode: (!url.is_sqlite()).then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let tx = db.begin_with_options(options).await?;
        Ok(Self { db, tx })
    }

    /// Closes the snapshot. It leaves no new files beside a SQLite file.
    ///
    /// # Errors
    /// [`BackupError::Store`].
    pub async fn close(self) -> Result<(), BackupError> {
        self.tx.rollback().await?;
        Ok(self.db.close().await?)
    }

    /// Copies the tables of a service into a new file, which is on the disk when this returns.
    ///
    /// # Errors
    /// [`BackupError::Version`], [`BackupError::File`], [`BackupError::Store`].
    pub async fn copy<M: MigratorTrait>(
        &self,
        source: Source,
        to: &Path,
    ) -> Result<Contents, BackupError> {
        choose_schema(&self.tx, source).await?;
        let migration = check_version::<M>(&self.tx, source).await?;
        let file = file::create(to).await?;
        M::up(&file, None).await?;
        let copy = file.begin().await?;
        let mut rows = BTreeMap::new();
        for table in tables::of(&copy).await? {
            rows::delete(&copy, &table).await?;
            let count = rows::copy(&self.tx, &copy, &table).await?;
            rows.insert(table.name, count);
        }
        copy.execute_unprepared("UPDATE head SET database = ''")
            .await?;
        let (epoch, position) = file::head(&copy).await?;
        copy.commit().await?;
        file.close().await?;
        sync(to)?;
        Ok(Contents {
            migration,
            epoch,
            position,
            rows,
        })
    }
}

/// Opens a connection to read or to restore. It creates no database.
async fn connect(url: &StoreUrl) -> Result<DatabaseConnection, BackupError> {
    let mut options = ConnectOptions::new(url.expose());
    options
        .acquire_timeout(LOCK_TIMEOUT)
        .sqlx_logging(false)
        .max_connections(1)
        .map_sqlx_sqlite_opts(|options| {
            options.create_if_missing(false).busy_timeout(LOCK_TIMEOUT)
        });
    Ok(Database::connect(options).await?)
}

/// Makes the statements of a transaction find the tables of a service.
async fn choose_schema(tx: &DatabaseTransaction, source: Source) -> Result<(), BackupError> {
    if tx.get_database_backend() == sea_orm::DbBackend::Postgres {
        let choose = format!("SET LOCAL search_path = \"{}\"", name_of(source));
        tx.execute_unprepared(&choose).await?;
    }
    Ok(())
}

/// Checks that a database has the tables that this program knows, and returns its last migration.
async fn check_version<M: MigratorTrait>(
    db: &impl ConnectionTrait,
    source: Source,
) -> Result<String, BackupError> {
    let wrong = || BackupError::Version {
        service: name_of(source),
    };
    let migrations = M::migrations();
    let known: BTreeSet<&str> = migrations.iter().map(|own| own.name()).collect();
    let query = "SELECT version FROM seaql_migrations";
    let query = Statement::from_string(db.get_database_backend(), query);
    let rows = db.query_all_raw(query).await.map_err(|_| wrong())?;
    let applied = rows.iter().map(|row| row.try_get::<String>("", "version"));
    let applied: BTreeSet<String> = applied.collect::<Result<_, _>>()?;
    if !applied.iter().map(String::as_str).eq(known) {
        return Err(wrong());
    }
    let last = migrations.last().map(|own| own.name().to_owned());
    last.ok_or_else(wrong)
}

/// Returns once a file or folder is on the disk.
fn sync(path: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::File(path.to_owned(), error);
    let file = std::fs::File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)
}
