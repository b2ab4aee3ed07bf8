//! Cursors of the feeds of the other services.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use store::{Cursor, StoreError, WriteTx, changed_one, new_row};
use types::Epoch;

use super::table;

table!("cursors", key { feed: String }, { position: i64, epoch: i64, mark: i64, replaying: i64 });
use row::{Column, Entity, Model};

/// The position up to which a feed has been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FeedCursor {
    /// The position at which to resume.
    pub(crate) cursor: Cursor,
    /// True while another history is being applied. Only its end shows which entities of the
    /// previous history no longer exist.
    pub(crate) replaying: bool,
}

impl FeedCursor {
    /// Encodes it for the log of changes.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let Cursor {
            epoch,
            position,
            mark,
        } = self.cursor;
        [epoch.0, position, mark, self.replaying.into()]
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect()
    }

    /// Decodes it from the log of changes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else {
            return None;
        };
        let [epoch, position, mark, replaying] = numbers else {
            return None;
        };
        Some(Self {
            cursor: Cursor {
                epoch: Epoch(i64::from_be_bytes(*epoch)),
                position: i64::from_be_bytes(*position),
                mark: i64::from_be_bytes(*mark),
            },
            replaying: i64::from_be_bytes(*replaying) != 0,
        })
    }
}

/// Returns the cursor of a feed.
pub(crate) async fn find(db: &impl ConnectionTrait, feed: &str) -> Result<FeedCursor, StoreError> {
    let row = Entity::find_by_id(feed).one(db).await?;
    Ok(row.map_or_else(FeedCursor::default, |row| FeedCursor {
        cursor: Cursor {
            epoch: Epoch(row.epoch),
            position: row.position,
            mark: row.mark,
        },
        replaying: row.replaying != 0,
    }))
}

/// Moves a cursor, in the transaction that applies the changes in between.
///
/// # Errors
/// [`StoreError::Stale`] if another replica has already applied them: nothing is applied twice.
pub(crate) async fn advance(
    tx: &mut WriteTx,
    feed: &str,
    from: &FeedCursor,
    to: &FeedCursor,
) -> Result<(), StoreError> {
    let row = Model {
        feed: feed.to_owned(),
        position: to.cursor.position,
        epoch: to.cursor.epoch.0,
        mark: to.cursor.mark,
        replaying: to.replaying.into(),
    };
    if *from == FeedCursor::default() {
        let insert = Entity::insert(new_row::<row::ActiveModel, _>(row));
        return match insert.exec_without_returning(tx.connection()).await {
            Ok(_) => Ok(()),
            Err(error) => match error.into() {
                StoreError::Duplicate(_) => Err(StoreError::Stale),
                other => Err(other),
            },
        };
    }
    let result = Entity::update_many()
        .col_expr(Column::Position, Expr::value(row.position))
        .col_expr(Column::Epoch, Expr::value(row.epoch))
        .col_expr(Column::Mark, Expr::value(row.mark))
        .col_expr(Column::Replaying, Expr::value(row.replaying))
        .filter(Column::Feed.eq(feed))
        .filter(Column::Position.eq(from.cursor.position))
        .filter(Column::Epoch.eq(from.cursor.epoch.0))
        .filter(Column::Mark.eq(from.cursor.mark))
        .filter(Column::Replaying.eq(i64::from(from.replaying)))
        .exec(tx.connection())
        .await?;
    changed_one(&result)
}
