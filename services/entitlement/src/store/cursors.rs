//! How far the feeds of the other services have been applied.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use store::{StoreError, WriteTx, changed_one, new_row};

use super::table;

table!("cursors", key { feed: String }, { position: i64 });
use row::{Column, Entity, Model};

/// Where a feed is to be resumed.
pub(crate) async fn position(db: &impl ConnectionTrait, feed: &str) -> Result<i64, StoreError> {
    let row = Entity::find_by_id(feed).one(db).await?;
    Ok(row.map_or(0, |row| row.position))
}

/// Moves a cursor, in the transaction that applies what is between.
///
/// # Errors
/// [`StoreError::Stale`] when another replica has applied it already: nothing is applied
/// twice.
pub(crate) async fn advance(
    tx: &mut WriteTx,
    feed: &str,
    from: i64,
    to: i64,
) -> Result<(), StoreError> {
    let row = Model {
        feed: feed.to_owned(),
        position: to,
    };
    if from == 0 {
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
        .col_expr(Column::Position, Expr::value(to))
        .filter(Column::Feed.eq(feed))
        .filter(Column::Position.eq(from))
        .exec(tx.connection())
        .await?;
    changed_one(&result)
}
