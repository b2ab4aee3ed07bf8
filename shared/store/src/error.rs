//! The errors of a store.

use sea_orm::{DbErr, SqlErr};
use types::SecretUrl;

/// An error of a store. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with that key exists.
    #[error("a row with that key exists")]
    Duplicate(#[source] DbErr),
    /// The row refers to one that does not exist, or is still referred to.
    #[error("the row refers to a missing row, or another row still refers to it")]
    Reference(#[source] DbErr),
    /// Another transaction changed the row since it was read.
    #[error("the row has changed since it was read")]
    Stale,
    /// The request id was used for another request.
    #[error("the request id was used for another request")]
    RequestReused,
    /// The stored data cannot be read: a defect, or the database was changed by other means.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// The URL does not name a database.
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
    /// The log of changes lost commits of this epoch: a backup was restored, or a server without
    /// the last commits took over. It can be read once a new epoch has begun.
    #[error("the log of changes went back; its epoch {0} has ended")]
    EpochEnded(types::Epoch),
    /// The database could not be reached when it was last tried.
    #[error("the database is away; reconnecting several times a second")]
    Away,
    /// The database did not answer in time. The statement may still succeed later.
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

impl From<types::InvalidId> for StoreError {
    fn from(error: types::InvalidId) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<types::InvalidName> for StoreError {
    fn from(error: types::InvalidName) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<prost::DecodeError> for StoreError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
