//! The log of changes: for each entity its latest state, at the position of the commit that
//! made it. Compacted by construction, so bounded by the number of entities, and a reader that
//! begins at 0 gets everything there is.
//!
//! INVARIANT: positions are handed out in commit order. The head's row is updated as the last
//! step of a transaction and so locked until it commits; a reader that asks for `> last` can
//! miss nothing.

use std::collections::BTreeMap;

use base::Millis;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{error::StoreError, hints, open::Store};

/// About how many entries a page of the backlog has. All entries of a commit are in one page.
const PAGE: u64 = 1000;
/// Rows an `INSERT`: both databases bound the parameters of a statement.
const CHUNK: usize = 1000;

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub entity: String,
        pub position: i64,
        pub payload: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The latest state of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names the entity in this log.
    pub entity: String,
    /// The position of the commit that made this state.
    pub position: i64,
    /// The state, in the encoding of the service that wrote it.
    pub payload: Vec<u8>,
}

/// The end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position of the last commit.
    pub position: i64,
    /// When that was, by the clock of who made it.
    pub commit: Millis,
}

/// What a reader has not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Entries in the order of their positions.
    pub entries: Vec<Entry>,
    /// Where the next read begins.
    pub position: i64,
    /// Whether this was all.
    pub caught_up: bool,
}

impl Store {
    /// What follows `after`, in commit order, all of it read in one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog(&self, after: i64) -> Result<Backlog, StoreError> {
        let snapshot = self.snapshot().await?;
        let backlog = read(&snapshot, after).await?;
        snapshot.commit().await?;
        Ok(backlog)
    }

    /// The entities that changed last with the positions of these changes, oldest first: at
    /// most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn latest_in(
        snapshot: &DatabaseTransaction,
        limit: u64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let mut latest = entity::Entity::find()
            .select_only()
            .columns([entity::Column::Entity, entity::Column::Position])
            .order_by_desc(entity::Column::Position)
            .limit(limit)
            .into_tuple()
            .all(snapshot)
            .await?;
        latest.reverse();
        Ok(latest)
    }

    /// The end of the log now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.read_head(&self.reader).await
    }

    /// The end of the log that a snapshot sees.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn head_in(&self, snapshot: &DatabaseTransaction) -> Result<Head, StoreError> {
        self.read_head(snapshot).await
    }

    /// Reads the end of the log, and the time where the database has a clock of its own.
    async fn read_head(&self, db: &impl ConnectionTrait) -> Result<Head, StoreError> {
        let mut query = Query::select();
        query.columns(["position", "commit_ms"]).from("head");
        let has_clock = db.get_database_backend() == DbBackend::Postgres;
        if has_clock {
            let now = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
            query.expr_as(Expr::cust(now), "now_ms");
        }
        let row = db.query_one(&query).await?.ok_or_else(missing)?;
        if has_clock {
            self.clock.follow(Millis(row.try_get("", "now_ms")?));
        }
        Ok(Head {
            position: row.try_get("", "position")?,
            commit: Millis(row.try_get("", "commit_ms")?),
        })
    }

    /// What follows `after`, read in a snapshot that the caller holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog_in(
        snapshot: &DatabaseTransaction,
        after: i64,
    ) -> Result<Backlog, StoreError> {
        read(snapshot, after).await
    }
}

async fn read(db: &impl ConnectionTrait, after: i64) -> Result<Backlog, StoreError> {
    let head = head(db).await?;
    if head <= after {
        return Ok(Backlog {
            entries: Vec::new(),
            position: after,
            caught_up: true,
        });
    }
    let end = entity::Entity::find()
        .select_only()
        .column(entity::Column::Position)
        .filter(entity::Column::Position.gt(after))
        .order_by_asc(entity::Column::Position)
        .offset(PAGE - 1)
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    let rows = entity::Entity::find()
        .filter(
            Condition::all()
                .add(entity::Column::Position.gt(after))
                .add_option(end.map(|end| entity::Column::Position.lte(end))),
        )
        .order_by_asc(entity::Column::Position)
        .order_by_asc(entity::Column::Entity)
        .all(db)
        .await?;
    let position = end.unwrap_or(head);
    Ok(Backlog {
        caught_up: position == head,
        position,
        entries: rows
            .into_iter()
            .map(|row| Entry {
                entity: row.entity,
                position: row.position,
                payload: row.payload,
            })
            .collect(),
    })
}

/// The position of the last commit.
pub(crate) async fn head(db: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let query = Query::select().column("position").from("head").to_owned();
    let row = db.query_one(&query).await?.ok_or_else(missing)?;
    Ok(row.try_get("", "position")?)
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

/// Takes the next position and writes the entries at it; returns it and when that was. To be
/// followed by the commit at once: every other writer waits for it from here on.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    entries: BTreeMap<String, Vec<u8>>,
    now: Millis,
) -> Result<(i64, Millis), StoreError> {
    // No commit is earlier than the one before it, whatever the clocks of replicas say.
    let commit =
        Expr::case(Expr::col("commit_ms").gt(now.0), Expr::col("commit_ms")).finally(now.0);
    let next = Query::update()
        .table("head")
        .value("position", Expr::col("position").add(1))
        .value("commit_ms", commit)
        .and_where(Expr::col("id").eq(1))
        .returning(Query::returning().columns(["position", "commit_ms"]))
        .to_owned();
    let row = tx.query_one(&next).await?.ok_or_else(missing)?;
    let position: i64 = row.try_get("", "position")?;
    let commit = Millis(row.try_get("", "commit_ms")?);
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let rows = entries
            .by_ref()
            .take(CHUNK)
            .map(|(entity, payload)| entity::ActiveModel {
                entity: Set(entity),
                position: Set(position),
                payload: Set(payload),
            });
        entity::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(entity::Column::Entity)
                    .update_columns([entity::Column::Position, entity::Column::Payload])
                    .to_owned(),
            )
            .exec_without_returning(tx)
            .await?;
    }
    hints::send(tx, position).await?;
    Ok((position, commit))
}
