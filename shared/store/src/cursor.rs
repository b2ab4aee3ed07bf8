//! The position of a reader in a log, and the proof that the log still has the commits up to it.
//!
//! A database can go back: a standby takes over without the last commits, a backup is restored. Its
//! positions are then given to other changes. So each commit leaves a random mark at its position,
//! and the log as a whole has an epoch, which changes when a process notices that the log went back
//! (see `docs/adr/0016-epochs-identify-a-history.md`).

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExprTrait,
    sea_query::{Expr, OnConflict, Query},
};
use types::Epoch;

use crate::{
    error::StoreError,
    head::Head,
    hints::{self, Heard},
};

/// Number of commits whose marks are kept.
const MAX_MARKS: i64 = 4096;

/// The position of a reader in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Cursor {
    /// The epoch that was read.
    pub epoch: Epoch,
    /// The position of the last commit that was read; 0 before the first.
    pub position: i64,
    /// The mark of that commit; 0 if the mark had expired before it was read.
    pub mark: i64,
}

/// The state of a log compared with a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// The log still has the commit: everything that was read is valid.
    Proven,
    /// The commit is older than the marks that are kept.
    Forgotten,
    /// The log does not have the commit, or has another in its place.
    Lost,
}

impl Cursor {
    /// The cursor before the first commit of any epoch.
    pub const START: Self = Self {
        epoch: Epoch(0),
        position: 0,
        mark: 0,
    };

    /// Returns the commit as notifications name it.
    pub(crate) fn heard(&self) -> Heard {
        (self.epoch, self.position)
    }
}

/// Compares the log, whose end is `head`, with a reader's `cursor`.
pub(crate) async fn continuity(
    db: &impl ConnectionTrait,
    head: &Head,
    cursor: &Cursor,
) -> Result<Continuity, StoreError> {
    if cursor.position == 0 || *cursor == head.cursor {
        return Ok(Continuity::Proven);
    }
    if cursor.position > head.cursor.position {
        return Ok(Continuity::Lost);
    }
    Ok(match mark_at(db, cursor.position).await? {
        None => Continuity::Forgotten,
        Some(_) if cursor.mark == 0 => Continuity::Forgotten,
        Some(mark) if mark == cursor.mark => Continuity::Proven,
        Some(_) => Continuity::Lost,
    })
}

/// Returns the mark of a commit, if it is still kept.
pub(crate) async fn mark_at(
    db: &impl ConnectionTrait,
    position: i64,
) -> Result<Option<i64>, StoreError> {
    let query = Query::select()
        .column("mark")
        .from("commits")
        .and_where(Expr::col("slot").eq(position % MAX_MARKS))
        .and_where(Expr::col("position").eq(position))
        .to_owned();
    let row = db.query_one(&query).await?;
    Ok(row.map(|row| row.try_get("", "mark")).transpose()?)
}

/// Leaves the mark of a commit, in place of a mark that is too old to be needed, and notifies all
/// listeners once the transaction is committed. This is one statement, because every other writer
/// waits for it.
pub(crate) async fn leave_mark(
    tx: &DatabaseTransaction,
    cursor: &Cursor,
) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("commits")
        .columns(["slot", "position", "mark"])
        .values_panic([
            (cursor.position % MAX_MARKS).into(),
            cursor.position.into(),
            cursor.mark.into(),
        ])
        .on_conflict(
            OnConflict::column("slot")
                .update_columns(["position", "mark"])
                .to_owned(),
        );
    if tx.get_database_backend() == DbBackend::Postgres {
        insert.returning(Query::returning().expr(hints::notification(cursor)));
    }
    tx.execute(&insert).await?;
    Ok(())
}
