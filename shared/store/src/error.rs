//! What can go wrong with a store.

use base::SecretUrl;
use sea_orm::{DbErr, SqlErr};

/// Why a store did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with that key exists.
    #[error("a row with that key exists")]
    Duplicate(#[source] DbErr),
    /// The row refers to one that does not exist, or is referred to.
    #[error("a row that is referred to is missing, or one that refers to it is left")]
    Reference(#[source] DbErr),
    /// The row was changed by somebody else since it was read.
    #[error("the row has changed since it was read")]
    Stale,
    /// The request id was used for another request.
    #[error("the request id was used for another request")]
    RequestReused,
    /// What is stored cannot be read: a defect, or another hand in the database.
    #[error("the store holds what cannot be read: {0}")]
    Corrupt(String),
    /// The URL names no database.
    #[error(
        "`{0}` is not the URL of a database: use `sqlite:PATH` or `postgres://…`, with `@`, `/`, \
         `?` and `#` in a user or password percent-encoded"
    )]
    Url(SecretUrl),
    /// The database is behind a pooler that changes the session with each transaction.
    #[error(
        "the sessions of the database are shared by a pooler: use its session mode (PgBouncer: \
         `pool_mode = session`), or connect to PostgreSQL itself"
    )]
    SharedSessions,
    /// The database did not answer.
    #[error("the database cannot be used")]
    Unavailable(#[source] DbErr),
    /// The log of changes does not have what it had in this epoch: a backup was restored, or a
    /// server took over that had not all commits. It can be read once a new epoch was begun.
    #[error("the log of changes went back; its epoch {0} has ended")]
    EpochEnded(base::Epoch),
    /// The database could not be reached a moment ago.
    #[error("the database is away; it is tried again several times a second")]
    Away,
    /// The database did not answer in time. Whether it does later is not known.
    #[error("the database did not answer in time")]
    Late,
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Duplicate(error),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Reference(error),
            _ => Self::Unavailable(error),
        }
    }
}

impl From<base::InvalidId> for StoreError {
    fn from(error: base::InvalidId) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<base::InvalidName> for StoreError {
    fn from(error: base::InvalidName) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<prost::DecodeError> for StoreError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
