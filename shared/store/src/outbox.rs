//! The log of changes: for each entity its latest state, at the position of the commit that made
//! it. It is compact by construction, so bounded by the number of entities, and a reader that
//! begins at 0 gets everything there is.
//!
//! INVARIANT: positions are handed out in commit order (see the head of the log), so a reader that
//! asks for `> last` misses nothing.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use types::UnixTime;

use crate::{
    cursor::{self, Continuity, Cursor},
    error::StoreError,
    head::{self, Head},
    hints::Heard,
    store::Store,
};

/// Approximate number of entries in a page of the backlog. All entries of a commit are in one page.
const PAGE_ENTRIES: u64 = 1000;
/// Maximum number of rows in an `INSERT`: both databases limit the parameters of a statement.
const ROWS_PER_STATEMENT: usize = 1000;

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
    /// The name of the entity in this log.
    pub entity: String,
    /// The position of the commit that made this state.
    pub position: i64,
    /// The state, in the encoding of the service that wrote it.
    pub payload: Vec<u8>,
}

/// The entries that a reader has not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The entries in the order of their positions.
    pub entries: Vec<Entry>,
    /// The start of the next read.
    pub cursor: Cursor,
    /// True if there are no more entries.
    pub caught_up: bool,
    /// True if the log is not the one that was read before. This page then begins at the start of
    /// the log, and entities that do not appear up to its end no longer exist.
    pub anew: bool,
}

impl Store {
    /// Returns the entries after `after`, in commit order, all read in one snapshot. Begins at the
    /// start if the log is not the one that was read up to `after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog(&self, after: Cursor) -> Result<Backlog, StoreError> {
        // A reader got only committed positions: if this one is missing, the log went back.
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
            // Other readers would have noticed the loss of a commit this old.
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

    /// Returns the most recently changed entities with the positions of these changes, oldest
    /// first: at most `limit` of them.
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

    /// Returns the entries after `after`, read in the caller's snapshot, whose end of the log is
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

/// Reads a page of the entries after `after`.
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
        .offset(PAGE_ENTRIES - 1)
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

/// Takes the next position, writes the entries at it, and returns position and time. Commit
/// immediately afterwards: every other writer waits from here on.
///
/// `heard` is a commit that this process knows of.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    entries: BTreeMap<String, Vec<u8>>,
    now: UnixTime,
    heard: Heard,
) -> Result<(Cursor, UnixTime), StoreError> {
    let Head { cursor, commit } = head::advance(tx, now, heard).await?;
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let rows = entries
            .by_ref()
            .take(ROWS_PER_STATEMENT)
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
