//! The log of changes: for each entity its latest state, at the position of the commit that
//! made it. Compacted by construction, so bounded by the number of entities, and a reader that
//! begins at 0 gets everything there is.
//!
//! INVARIANT: positions are handed out in commit order (see the head of the log); a reader that
//! asks for `> last` can miss nothing.

use std::collections::BTreeMap;

use base::Millis;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{
    cursor::{self, Continuity, Cursor},
    error::StoreError,
    head::{self, Head},
    hints::Heard,
    open::Store,
};

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
    pub cursor: Cursor,
    /// Whether this was all.
    pub caught_up: bool,
    /// Whether the log is not the one that was read: this begins at its start, and what it does
    /// not tell of until all was read is no more.
    pub anew: bool,
}

impl Store {
    /// What follows `after`, in commit order, all of it read in one snapshot. Begins at the start
    /// where the log is not the one that was read up to `after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog(&self, after: Cursor) -> Result<Backlog, StoreError> {
        // What a reader was told was committed: without it, the log went back.
        self.note_commit(after.epoch, after.position);
        match self.try_backlog(after).await {
            Err(StoreError::EpochEnded(ended)) => {
                self.begin_epoch(ended).await?;
                self.try_backlog(after).await
            }
            page => page,
        }
    }

    async fn try_backlog(&self, after: Cursor) -> Result<Backlog, StoreError> {
        if self.head().await?.cursor == after {
            return Ok(Backlog {
                entries: Vec::new(),
                cursor: after,
                caught_up: true,
                anew: false,
            });
        }
        let (snapshot, head) = self.snapshot_with_head().await?;
        let same_epoch = after.epoch == head.cursor.epoch;
        let goes_on = match cursor::continuity(&snapshot, &head, &after).await? {
            Continuity::Proven => true,
            // A loss of what is forgotten would have been noticed by others.
            Continuity::Forgotten => same_epoch,
            Continuity::Lost if same_epoch => return Err(StoreError::EpochEnded(after.epoch)),
            Continuity::Lost => false,
        };
        let from = if goes_on { after.position } else { 0 };
        let page = read(&snapshot, &head, from).await?;
        snapshot.commit().await?;
        Ok(Backlog {
            anew: !goes_on,
            ..page
        })
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

    /// What follows `after`, read in a snapshot that the caller holds, whose end of the log is
    /// `head`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog_in(
        snapshot: &DatabaseTransaction,
        head: &Head,
        after: i64,
    ) -> Result<Backlog, StoreError> {
        read(snapshot, head, after).await
    }
}

/// Reads a page of what follows `after`.
async fn read(db: &impl ConnectionTrait, head: &Head, after: i64) -> Result<Backlog, StoreError> {
    if head.cursor.position <= after {
        return Ok(Backlog {
            entries: Vec::new(),
            cursor: head.cursor,
            caught_up: true,
            anew: false,
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
    let cursor = match end.filter(|end| *end != head.cursor.position) {
        Some(position) => Cursor {
            position,
            mark: cursor::mark_at(db, position).await?.unwrap_or_default(),
            ..head.cursor
        },
        None => head.cursor,
    };
    Ok(Backlog {
        caught_up: cursor == head.cursor,
        cursor,
        anew: false,
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

/// Takes the next position and writes the entries at it; returns where and when that was. To be
/// followed by the commit at once: every other writer waits for it from here on.
///
/// `heard` is a commit that this process knows of.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    entries: BTreeMap<String, Vec<u8>>,
    now: Millis,
    heard: Heard,
) -> Result<(Cursor, Millis), StoreError> {
    let Head { cursor, commit } = head::advance(tx, now, heard).await?;
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let rows = entries
            .by_ref()
            .take(CHUNK)
            .map(|(entity, payload)| entity::ActiveModel {
                entity: Set(entity),
                position: Set(cursor.position),
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
    cursor::leave_mark(tx, &cursor).await?;
    Ok((cursor, commit))
}
