//! Restores copies into databases.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait,
    sqlx::sqlite::SqliteConnectOptions,
};
use sea_orm_migration::MigratorTrait;
use tokens::Source;

use super::{BackupError, check_version, choose_schema, connect, file, rows, sync, tables};
use crate::{store::name_of, url::StoreUrl};

/// A restore in progress. Nothing is visible until it is [finished](Self::finish): an interrupted
/// restore leaves an uncommitted transaction, or files under temporary names.
#[derive(Debug, Default)]
pub struct Restoration {
    database: Option<DatabaseTransaction>,
    /// The temporary and the final path of each file.
    files: Vec<(PathBuf, PathBuf)>,
}

impl Restoration {
    /// Stages the copy of a service for its database.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] if the target holds anything; [`BackupError::Version`] for a copy
    /// of another version, which only SQLite accepts; [`BackupError::Store`],
    /// [`BackupError::File`].
    pub async fn stage<M: MigratorTrait>(
        &mut self,
        url: &StoreUrl,
        source: Source,
        copy: &Path,
    ) -> Result<(), BackupError> {
        if url.is_sqlite() {
            return self.stage_file(url, copy);
        }
        if self.database.is_none() {
            self.database = Some(connect(url).await?.begin().await?);
        }
        if let Some(tx) = &self.database {
            check_empty(tx, url, source).await?;
            fill::<M>(tx, source, copy).await?;
        }
        Ok(())
    }

    /// Makes the restored databases visible.
    ///
    /// # Errors
    /// [`BackupError::Store`], [`BackupError::File`].
    pub async fn finish(self) -> Result<(), BackupError> {
        if let Some(tx) = self.database {
            tx.commit().await?;
        }
        for (staged, path) in self.files {
            let failed = |error| BackupError::File(path.clone(), error);
            fs::rename(&staged, &path).map_err(failed)?;
            path.parent().map_or(Ok(()), sync)?;
        }
        Ok(())
    }

    fn stage_file(&mut self, url: &StoreUrl, copy: &Path) -> Result<(), BackupError> {
        let options = SqliteConnectOptions::from_str(url.expose());
        let path = options
            .map_err(|_| crate::StoreError::Url(url.expose().into()))?
            .get_filename()
            .to_path_buf();
        let failed = |error| BackupError::File(path.clone(), error);
        if [&path, &with_suffix(&path, "-wal")]
            .iter()
            .any(|own| own.exists())
        {
            // A restore that was interrupted at its last step leaves this file.
            let is_same = path.exists() && is_same(&path, copy).map_err(failed)?;
            let refused = || BackupError::NotEmpty(url.to_string());
            return is_same.then_some(()).ok_or_else(refused);
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let staged = with_suffix(&path, ".restoring");
        fs::copy(copy, &staged).map_err(failed)?;
        sync(&staged)?;
        self.files.push((staged, path));
        Ok(())
    }
}

fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    use io::Read;
    let mut files = [fs::File::open(one)?, fs::File::open(other)?].map(io::BufReader::new);
    let [one, other] = &mut files;
    if one.get_ref().metadata()?.len() != other.get_ref().metadata()?.len() {
        return Ok(false);
    }
    for (one, other) in one.bytes().zip(other.bytes()) {
        if one? != other? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn check_empty(
    tx: &DatabaseTransaction,
    url: &StoreUrl,
    source: Source,
) -> Result<(), BackupError> {
    let query = "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 LIMIT 1";
    let values = [name_of(source).into()];
    let query = Statement::from_sql_and_values(DbBackend::Postgres, query, values);
    match tx.query_one_raw(query).await? {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(format!("{url}: {}", name_of(source)))),
    }
}

/// Makes the tables of a service, and copies the rows into them.
async fn fill<M: MigratorTrait>(
    tx: &DatabaseTransaction,
    source: Source,
    copy: &Path,
) -> Result<(), BackupError> {
    let copy = file::open(copy).await?;
    check_version::<M>(&copy, source).await?;
    let make = format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", name_of(source));
    tx.execute_unprepared(&make).await?;
    choose_schema(tx, source).await?;
    M::up(tx, None).await?;
    // Rows refer to each other, and are inserted in any order.
    let references = drop_references(tx).await?;
    for table in tables::of(&copy).await? {
        rows::delete(tx, &table).await?;
        rows::copy(&copy, tx, &table).await?;
    }
    for reference in references {
        tx.execute_unprepared(&reference).await?;
    }
    copy.close().await?;
    Ok(())
}

/// Drops the foreign keys of the chosen schema, and returns the statements that add them again.
async fn drop_references(tx: &DatabaseTransaction) -> Result<Vec<String>, BackupError> {
    let query = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) \
        AS drop_it, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, \
        pg_get_constraintdef(oid)) AS add_it FROM pg_constraint \
        WHERE contype = 'f' AND connamespace = current_schema()::regnamespace";
    let query = Statement::from_string(DbBackend::Postgres, query);
    let mut references = Vec::new();
    for row in tx.query_all_raw(query).await? {
        let drop: String = row.try_get("", "drop_it")?;
        tx.execute_unprepared(&drop).await?;
        references.push(row.try_get("", "add_it")?);
    }
    Ok(references)
}
