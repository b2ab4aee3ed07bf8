//! The end of the log, and which history it is of.
//!
//! INVARIANT: positions are handed out in commit order. The row of the head is updated as the last
//! step of a transaction and so locked until it commits.

use std::collections::BTreeMap;

use base::{Epoch, Millis};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, ExprTrait,
    sea_query::{Expr, Query, SimpleExpr},
};

use crate::{
    cursor::{self, Continuity, Cursor},
    error::StoreError,
    hints::{self, Heard},
    open::Store,
    outbox,
};

/// How far the clocks may be apart of those who begin epochs, in milliseconds.
const CLOCKS_APART_MS: i64 = 24 * 60 * 60 * 1000;

/// The end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last commit.
    pub cursor: Cursor,
    /// When that was, by the clock of who made it.
    pub commit: Millis,
}

impl Store {
    /// The end of the log now.
    ///
    /// # Errors
    /// [`StoreError::EpochEnded`] if the log went back; [`StoreError::Unavailable`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.present()?;
        // Before the read: what is heard of meanwhile may be later than what it sees.
        let heard = *self.committed.borrow();
        let head = self.read_head(&self.reader).await?;
        if head.cursor.heard() < heard {
            return Err(StoreError::EpochEnded(head.cursor.epoch));
        }
        hints::note(&self.committed, head.cursor.heard());
        Ok(head)
    }

    /// A transaction in which all statements read one snapshot, and the end of the log that it
    /// sees.
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

    /// Notes that a commit was made, as a reader or a token of this installation proves. A log
    /// that has not got it went back. An epoch that has not begun proves nothing.
    pub fn note_commit(&self, epoch: Epoch, position: i64) {
        let latest = Millis(self.clock.now().0.saturating_add(CLOCKS_APART_MS));
        if epoch <= Epoch::begin(latest, u32::MAX) {
            hints::note(&self.committed, (epoch, position));
        }
    }

    /// The end of the log that a snapshot sees.
    ///
    /// # Errors
    /// [`StoreError::EpochEnded`] if the database is another than the one that the log was
    /// written in; [`StoreError::Unavailable`].
    pub async fn head_in(&self, snapshot: &DatabaseTransaction) -> Result<Head, StoreError> {
        self.read_head(snapshot).await
    }

    /// Whether the log that a snapshot sees still has what was read up to a cursor.
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

    /// Begins a new epoch of the log, unless `ended` is not its epoch any more: whoever finds that
    /// the log does not have what it had ends the epoch for all.
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

    /// Reads the end of the log, and the time where the database has a clock of its own.
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
    commit: Millis,
    /// Whether the database is another than the one that the last commit was made in.
    is_moved: bool,
    /// The time, where the database has a clock of its own.
    database_now: Option<Millis>,
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
        commit: Millis(row.try_get("", "commit_ms")?),
        is_moved: noted != this,
        database_now: now.map(Millis),
    })
}

fn cursor_of(row: &sea_orm::QueryResult) -> Result<Cursor, StoreError> {
    Ok(Cursor {
        epoch: Epoch(row.try_get("", "epoch")?),
        position: row.try_get("", "position")?,
        mark: row.try_get("", "mark")?,
    })
}

/// What tells this database from one that took its place. In PostgreSQL: the system and its
/// timeline, which each connection has noted when it began, and the table, which a restored dump
/// makes anew. A SQLite file that was put in the place of another is told by its commits alone.
fn this_database(backend: DbBackend) -> SimpleExpr {
    Expr::cust(match backend {
        DbBackend::Postgres => "current_setting('mandate.server') || '/' || 'head'::regclass::oid",
        _ => "'sqlite'",
    })
}

/// Whether a statement reads the end of the log and nothing else.
pub(crate) fn reads_head(statement: &str) -> bool {
    statement.starts_with("SELECT") && statement.ends_with("FROM \"head\"")
}

fn missing() -> StoreError {
    StoreError::Corrupt("the head of the log is missing".into())
}

/// Locks the head: until the transaction ends, no other commits. SQLite needs no lock for that, and
/// leaves it out: it has one writer at a time.
pub(crate) async fn lock(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    let query = Query::select()
        .column("position")
        .from("head")
        .lock_exclusive()
        .to_owned();
    tx.query_one(&query).await?.ok_or_else(missing)?;
    Ok(())
}

/// Takes the next position. The first commit in a database that has not got `heard`, a commit that
/// this process knows of, or that is another than that of the commit before, begins a new epoch.
pub(crate) async fn advance(
    tx: &DatabaseTransaction,
    now: Millis,
    heard: Heard,
) -> Result<Head, StoreError> {
    // No commit is earlier than the one before it, whatever the clocks of replicas say.
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
        commit: Millis(row.try_get("", "commit_ms")?),
    })
}

/// The epoch of the next commit: a later one if the log went back.
fn next_epoch(
    this_database: SimpleExpr,
    now: Millis,
    (epoch, position): Heard,
) -> Result<SimpleExpr, StoreError> {
    let lost = Expr::col("epoch").eq(epoch.0);
    let lost = lost.and(Expr::col("position").lt(position));
    let went_back = Expr::col("database")
        .ne(this_database)
        .or(Expr::col("epoch").lt(epoch.0))
        .or(lost);
    // Later than every other, also where the clock is not.
    let fresh = std::cmp::max(Epoch::begin(now, random()?).0, epoch.0.saturating_add(1));
    let later = Expr::case(Expr::col("epoch").lt(fresh), fresh);
    let later = later.finally(Expr::col("epoch").add(1));
    let next = Expr::case(went_back, later).finally(Expr::col("epoch"));
    Ok(next.into())
}

/// A mark, which is never 0.
fn random_mark() -> Result<i64, StoreError> {
    let (high, low) = (random()?, random()?);
    Ok(i64::from(high) << 31 | i64::from(low >> 1) | 1)
}

fn random() -> Result<u32, StoreError> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| StoreError::Corrupt("the system gives no random numbers".into()))?;
    Ok(u32::from_ne_bytes(bytes))
}
