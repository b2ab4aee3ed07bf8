//! The log of changes: for each entity its latest state, at the position of the commit that
//! made it. Compacted by construction, so bounded by the number of entities, and a reader that
//! begins at 0 gets everything there is.
//!
//! INVARIANT: positions are handed out in commit order. The head's row is updated as the last
//! step of a transaction and so locked until it commits; a reader that asks for `> last` can
//! miss nothing.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{error::StoreError, open::Store};

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

    /// The position of the last commit, and of the last change of each of some entities; 0 for
    /// one that never changed. All of one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn positions(&self, entities: &[String]) -> Result<(i64, Vec<i64>), StoreError> {
        let snapshot = self.snapshot().await?;
        let head = head(&snapshot).await?;
        let rows = entity::Entity::find()
            .filter(entity::Column::Entity.is_in(entities))
            .all(&snapshot)
            .await?;
        snapshot.commit().await?;
        let position = |entity: &String| {
            let row = rows.iter().find(|row| row.entity == *entity);
            row.map_or(0, |row| row.position)
        };
        Ok((head, entities.iter().map(position).collect()))
    }

    /// The position of the last commit that a snapshot sees.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn head_in(snapshot: &DatabaseTransaction) -> Result<i64, StoreError> {
        head(snapshot).await
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
    let row = db.query_one(&query).await?;
    let row = row.ok_or_else(|| StoreError::Corrupt("the head of the log is missing".into()))?;
    Ok(row.try_get("", "position")?)
}

/// Takes the next position and writes the entries at it. To be followed by the commit at once:
/// every other writer waits for it from here on.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    entries: BTreeMap<String, Vec<u8>>,
) -> Result<i64, StoreError> {
    let next = Query::update()
        .table("head")
        .value("position", Expr::col("position").add(1))
        .and_where(Expr::col("id").eq(1))
        .returning_col("position")
        .to_owned();
    let row = tx.query_one(&next).await?;
    let row = row.ok_or_else(|| StoreError::Corrupt("the head of the log is missing".into()))?;
    let position: i64 = row.try_get("", "position")?;
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
    Ok(position)
}
