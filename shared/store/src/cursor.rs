//! How far a log has been read, and the proof that the log still has what was read.
//!
//! A database can go back: a standby takes over without the last commits, a backup is restored. Its
//! positions are then given to other changes. So each commit leaves a random mark at its position,
//! and the log as a whole has an epoch, which changes whenever somebody notices that it went back
//! (see `docs/adr/0016-epochs-identify-a-history.md`).

use base::Epoch;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExprTrait,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{
    error::StoreError,
    head::Head,
    hints::{self, Heard},
};

/// Commits whose marks are kept.
const KEPT_MARKS: i64 = 4096;

/// How far a log has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Cursor {
    /// The history that was read.
    pub epoch: Epoch,
    /// The position of the last commit that was read; 0 before the first.
    pub position: i64,
    /// The mark of that commit; 0 where it was forgotten before it was read.
    pub mark: i64,
}

/// What became of a history that was read up to a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// The log still has the commit: all that was read is true.
    Proven,
    /// The commit is older than the marks that are kept.
    Forgotten,
    /// The log does not have the commit, or another in its place.
    Lost,
}

impl Cursor {
    /// Before the first commit of any history.
    pub const START: Self = Self {
        epoch: Epoch(0),
        position: 0,
        mark: 0,
    };

    /// The commit, as hints tell of it.
    pub(crate) fn heard(&self) -> Heard {
        (self.epoch, self.position)
    }
}

/// Whether the log, whose end is `head`, still has what was read up to `cursor`.
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

/// The mark of a commit, if it is among those that are kept.
pub(crate) async fn mark_at(
    db: &impl ConnectionTrait,
    position: i64,
) -> Result<Option<i64>, StoreError> {
    let query = Query::select()
        .column("mark")
        .from("commits")
        .and_where(Expr::col("slot").eq(position % KEPT_MARKS))
        .and_where(Expr::col("position").eq(position))
        .to_owned();
    let row = db.query_one(&query).await?;
    Ok(row.map(|row| row.try_get("", "mark")).transpose()?)
}

/// Leaves the mark of a commit, in place of one that is so old that nobody needs it, and tells all
/// who listen once the transaction is committed: one statement, as every other writer waits for it.
pub(crate) async fn leave_mark(
    tx: &DatabaseTransaction,
    cursor: &Cursor,
) -> Result<(), StoreError> {
    let mut insert = Query::insert();
    insert
        .into_table("commits")
        .columns(["slot", "position", "mark"])
        .values_panic([
            (cursor.position % KEPT_MARKS).into(),
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
