//! The end of the log, and its epoch.
//!
//! INVARIANT: positions are handed out in commit order. The row of the head is updated as the last
//! step of a transaction and so locked until it commits.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExprTrait,
    sea_query::{Expr, Query, SimpleExpr},
};
use types::{Epoch, UnixTime};

use crate::{
    cursor::{self, Continuity, Cursor},
    error::StoreError,
    hints::{self, Heard},
    outbox,
    store::Store,
};

/// Maximum difference between the clocks of processes that begin epochs, in milliseconds.
const MAX_CLOCK_DIFFERENCE_MS: i64 = 24 * 60 * 60 * 1000;

/// The end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last commit.
    pub cursor: Cursor,
    /// The time of that commit, by the clock of its writer.
    pub commit: UnixTime,
}

impl Store {
    /// Returns the current end of the log.
    ///
    /// # Errors
    /// [`StoreError::EpochEnded`] if the log went back; [`StoreError::Unavailable`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.present()?;
        // Taken before the read: a commit received meanwhile may be later than the read.
        let heard = *self.committed.borrow();
        let head = self.read_head(&self.reader).await?;
        if head.cursor.heard() < heard {
            return Err(StoreError::EpochEnded(head.cursor.epoch));
        }
        hints::note(&self.committed, head.cursor.heard());
        Ok(head)
    }

    /// Begins a transaction in which all statements read one snapshot, and returns it with the end
    /// of the log in that snapshot.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn snapshot_with_head(&self) -> Result<(DatabaseTransaction, Head), StoreError> {
        let heard = *self.committed.borrow();
        let snapshot = self.snapshot().await?;
        let head = self.head_in(&snapshot).await?;
        if head.cursor.heard() < heard {
            return Err(StoreError::EpochEnded(head.cursor.epoch));
        }
        Ok((snapshot, head))
    }

    /// Records that a commit was made, as a reader or a token of this installation proves. A log
    /// without it went back. An epoch that has not begun proves nothing.
    pub fn note_commit(&self, epoch: Epoch, position: i64) {
        let latest = UnixTime(self.clock.now().0.saturating_add(MAX_CLOCK_DIFFERENCE_MS));
        if epoch <= Epoch::begin(latest, u32::MAX) {
            hints::note(&self.committed, (epoch, position));
        }
    }

    /// Returns the end of the log in a snapshot.
    ///
    /// # Errors
    /// [`StoreError::EpochEnded`] if the log was written in another database;
    /// [`StoreError::Unavailable`].
    pub async fn head_in(&self, snapshot: &DatabaseTransaction) -> Result<Head, StoreError> {
        self.read_head(snapshot).await
    }

    /// Checks if the log in a snapshot still has the commits up to a cursor.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn continuity_in(
        snapshot: &DatabaseTransaction,
        head: &Head,
        cursor: &Cursor,
    ) -> Result<Continuity, StoreError> {
        cursor::continuity(snapshot, head, cursor).await
    }

    /// Begins a new epoch of the log, unless the epoch is no longer `ended`. A process that finds
    /// commits missing calls this, and so ends the epoch for all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_epoch(&self, ended: Epoch) -> Result<(), StoreError> {
        let tx = crate::write::begin(self).await?;
        lock(&tx).await?;
        if raw_head(&tx).await?.cursor.epoch != ended {
            return Ok(tx.rollback().await?);
        }
        let all_lost = (ended, i64::MAX).max(*self.committed.borrow());
        let (begun, _) = outbox::append(&tx, BTreeMap::new(), self.clock.now(), all_lost).await?;
        tx.commit().await?;
        hints::note(&self.committed, begun.heard());
        if ended > Epoch::default() {
            tracing::warn!(
                log = ?self.source,
                %ended,
                begun = %begun.epoch,
                "the log of changes went back; a new epoch begins"
            );
        }
        Ok(())
    }

    /// Reads the end of the log, and the time if the database has its own clock.
    async fn read_head(&self, db: &impl ConnectionTrait) -> Result<Head, StoreError> {
        let found = raw_head(db).await?;
        if let Some(now) = found.database_now {
            self.clock.follow(now);
        }
        if found.is_moved {
            return Err(StoreError::EpochEnded(found.cursor.epoch));
        }
        Ok(Head {
            cursor: found.cursor,
            commit: found.commit,
        })
    }
}

/// The row of the head.
struct RawHead {
    cursor: Cursor,
    commit: UnixTime,
    /// True if the last commit was made in another database.
    is_moved: bool,
    /// The time, if the database has its own clock.
    database_now: Option<UnixTime>,
}

async fn raw_head(db: &impl ConnectionTrait) -> Result<RawHead, StoreError> {
    let backend = db.get_database_backend();
    let mut query = Query::select();
    query
        .columns(["epoch", "position", "mark", "commit_ms", "database"])
        .expr_as(this_database(backend), "this_database")
        .from("head");
    let has_clock = backend == DbBackend::Postgres;
    if has_clock {
        let now = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
        query.expr_as(Expr::cust(now), "now_ms");
    }
    let row = db.query_one(&query).await?.ok_or_else(missing)?;
    let (noted, this): (String, String) = (
        row.try_get("", "database")?,
        row.try_get("", "this_database")?,
    );
    let now = has_clock.then(|| row.try_get("", "now_ms")).transpose()?;
    Ok(RawHead {
        cursor: cursor_of(&row)?,
        commit: UnixTime(row.try_get("", "commit_ms")?),
        is_moved: noted != this,
        database_now: now.map(UnixTime),
    })
}

fn cursor_of(row: &sea_orm::QueryResult) -> Result<Cursor, StoreError> {
    Ok(Cursor {
        epoch: Epoch(row.try_get("", "epoch")?),
        position: row.try_get("", "position")?,
        mark: row.try_get("", "mark")?,
    })
}

/// Returns an expression that identifies this database, to tell it from a replacement. In
/// PostgreSQL: the system and its timeline, which each connection stores when it begins, and the
/// table's id, which a restored dump makes new. A replaced SQLite file shows by its commits only.
fn this_database(backend: DbBackend) -> SimpleExpr {
    Expr::cust(match backend {
        DbBackend::Postgres => "current_setting('mandate.server') || '/' || 'head'::regclass::oid",
        _ => "'sqlite'",
    })
}

/// True if a statement reads the end of the log and nothing else.
pub(crate) fn reads_head(statement: &str) -> bool {
    statement.starts_with("SELECT") && statement.ends_with("FROM \"head\"")
}

fn missing() -> StoreError {
    StoreError::Corrupt("the head of the log is missing".into())
}

/// Locks the head: until the transaction ends, no other transaction commits. SQLite has one writer
/// at a time, so it needs no lock and leaves it out.
pub(crate) async fn lock(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    let query = Query::select()
        .column("position")
        .from("head")
        .lock_exclusive()
        .to_owned();
    tx.query_one(&query).await?.ok_or_else(missing)?;
    Ok(())
}

/// Takes the next position. Begins a new epoch if the database does not have `heard`, a commit that
/// this process knows of, or if it is another database than that of the commit before.
pub(crate) async fn advance(
    tx: &DatabaseTransaction,
    now: UnixTime,
    heard: Heard,
) -> Result<Head, StoreError> {
    // A commit is never earlier than the one before it, even if the clocks of replicas differ.
    let commit =
        Expr::case(Expr::col("commit_ms").gt(now.0), Expr::col("commit_ms")).finally(now.0);
    let this_database = this_database(tx.get_database_backend());
    let next = Query::update()
        .table("head")
        .value("position", Expr::col("position").add(1))
        .value("mark", random_mark()?)
        .value("epoch", next_epoch(this_database.clone(), now, heard)?)
        .value("database", this_database)
        .value("commit_ms", commit)
        .and_where(Expr::col("id").eq(1))
        .returning(Query::returning().columns(["epoch", "position", "mark", "commit_ms"]))
        .to_owned();
    let row = tx.query_one(&next).await?.ok_or_else(missing)?;
    Ok(Head {
        cursor: cursor_of(&row)?,
        commit: UnixTime(row.try_get("", "commit_ms")?),
    })
}

/// Returns the epoch of the next commit: a later one if the log went back.
fn next_epoch(
    this_database: SimpleExpr,
    now: UnixTime,
    (epoch, position): Heard,
) -> Result<SimpleExpr, StoreError> {
    let lost = Expr::col("epoch").eq(epoch.0);
    let lost = lost.and(Expr::col("position").lt(position));
    let went_back = Expr::col("database")
        .ne(this_database)
        .or(Expr::col("epoch").lt(epoch.0))
        .or(lost);
    // Later than every other epoch, even if the clock is behind.
    let fresh = std::cmp::max(Epoch::begin(now, random()?).0, epoch.0.saturating_add(1));
    let later = Expr::case(Expr::col("epoch").lt(fresh), fresh);
    let later = later.finally(Expr::col("epoch").add(1));
    let next = Expr::case(went_back, later).finally(Expr::col("epoch"));
    Ok(next.into())
}

/// Returns a mark, which is never 0.
fn random_mark() -> Result<i64, StoreError> {
    let (high, low) = (random()?, random()?);
    Ok(i64::from(high) << 31 | i64::from(low >> 1) | 1)
}

fn random() -> Result<u32, StoreError> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| StoreError::Corrupt("the system returned no random numbers".into()))?;
    Ok(u32::from_ne_bytes(bytes))
}
