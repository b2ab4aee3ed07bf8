//! The file of a copy.

use std::{collections::BTreeMap, path::Path};

use ::audit::{Anchor, Chain, Mac, Verifier};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult,
    Statement, sqlx::sqlite::SqliteJournalMode,
};
use tokens::{Sealer, Source};

use super::{BackupError, tables};
use crate::store::{LOCK_TIMEOUT, name_of};

/// Maximum number of records of the audit log in memory.
const PAGE_RECORDS: u64 = 256;

/// Creates a file. Nothing else reads or writes it until it is complete.
pub(super) async fn create(path: &Path) -> Result<DatabaseConnection, BackupError> {
    let mut options = options(path);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Delete)
            // Rows refer to each other, and are inserted in any order.
            .foreign_keys(false)
    });
    Ok(Database::connect(options).await?)
}

/// Opens a copy for reading; nothing else may change it.
pub(super) async fn open(path: &Path) -> Result<DatabaseConnection, BackupError> {
    let mut options = options(path);
    options.map_sqlx_sqlite_opts(|options| options.read_only(true).immutable(true));
    Ok(Database::connect(options).await?)
}

fn options(path: &Path) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite:{}", path.display()));
    options
        .acquire_timeout(LOCK_TIMEOUT)
        .sqlx_logging(false)
        .max_connections(1);
    options
}

/// Returns the epoch and the last position of a copy.
pub(super) async fn head(copy: &impl ConnectionTrait) -> Result<(i64, i64), BackupError> {
    let row = one(copy, "SELECT epoch, position FROM head").await?;
    Ok((row.try_get("", "epoch")?, row.try_get("", "position")?))
}

/// Counts the rows of a copy by table, after checking the integrity of the file.
///
/// # Errors
/// [`BackupError::Damaged`].
pub async fn count_rows(path: &Path) -> Result<BTreeMap<String, u64>, BackupError> {
    let damaged = |error: BackupError| BackupError::Damaged(error.to_string());
    let copy = open(path).await.map_err(damaged)?;
    let found = one(&copy, "PRAGMA integrity_check")
        .await
        .map_err(damaged)?;
    let found: String = found.try_get_by_index(0)?;
    if found != "ok" {
        return Err(BackupError::Damaged(found));
    }
    let mut rows = BTreeMap::new();
    for table in tables::of(&copy).await? {
        let count = one(&copy, &format!("SELECT count(*) FROM \"{}\"", table.name)).await?;
        let count: i64 = count.try_get_by_index(0)?;
        rows.insert(table.name, count.unsigned_abs());
    }
    copy.close().await?;
    Ok(rows)
}

/// Verifies the audit log in a copy, and returns its number of records.
///
/// # Errors
/// [`BackupError::Audit`].
pub async fn verify_audit(
    path: &Path,
    source: Source,
    sealer: &Sealer,
) -> Result<u64, BackupError> {
    let copy = open(path).await?;
    let head = one(&copy, "SELECT audit_count, audit_mac FROM head").await?;
    let (count, mac): (i64, Vec<u8>) = (
        head.try_get("", "audit_count")?,
        head.try_get("", "audit_mac")?,
    );
    let anchor = Anchor {
        count: count.unsigned_abs(),
        mac: Mac::try_from(mac).map_err(|_| BackupError::Damaged("the head of the log".into()))?,
    };
    let mut verifier = Verifier::new(Chain::new(sealer, name_of(source)), vec![anchor]);
    let mut last = i64::MIN;
    loop {
        let page = "SELECT number, record, mac FROM audit WHERE number > ? ORDER BY number LIMIT ?";
        let values = [last.into(), PAGE_RECORDS.into()];
        let page = Statement::from_sql_and_values(DbBackend::Sqlite, page, values);
        let rows = copy.query_all_raw(page).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            last = row.try_get("", "number")?;
            let (record, mac): (Vec<u8>, Vec<u8>) =
                (row.try_get("", "record")?, row.try_get("", "mac")?);
            verifier.record(&record, &mac)?;
        }
    }
    copy.close().await?;
    Ok(verifier.end()?.count)
}

async fn one(db: &impl ConnectionTrait, query: &str) -> Result<QueryResult, BackupError> {
    let query = Statement::from_string(DbBackend::Sqlite, query);
    let missing = || BackupError::Damaged("a row is missing".into());
    db.query_one_raw(query).await?.ok_or_else(missing)
}
