//! Access to the parts of a store, and snapshots of its tables.

use std::sync::{Arc, atomic::AtomicU64};

use clock::Clock;
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
};
use tokens::Sealer;
use tokio::{sync::watch, time::timeout};
use types::Epoch;

use crate::{
    error::StoreError,
    store::{LOCK_TIMEOUT, Store},
};

impl Store {
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
            match timeout(LOCK_TIMEOUT, connection.close_by_ref()).await {
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
