//! Names that a feed has reported during a replay. Projected entities that are missing at its end
//! belong to a replaced history.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use store::{StoreError, WriteTx, new_row};

use super::{CHUNK, table};

table!(
    "told",
    key {
        feed: String,
        entity: String
    },
    {}
);
use row::{Column, Entity, Model};

/// Projected rows of another service: their table, and SQL that builds the name of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// The table.
    pub(crate) table: &'static str,
    /// SQL for the name of a row, as in the feed.
    pub(crate) name: &'static str,
}

/// Records names that a feed has reported.
pub(crate) async fn put(tx: &WriteTx, feed: &str, names: Vec<String>) -> Result<(), StoreError> {
    for chunk in names.chunks(CHUNK) {
        let rows = chunk.iter().map(|name| Model {
            feed: feed.to_owned(),
            entity: name.clone(),
        });
        Entity::insert_many(rows.map(new_row::<row::ActiveModel, _>))
            .on_conflict(
                OnConflict::columns([Column::Feed, Column::Entity])
                    .do_nothing()
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// Deletes the names that a feed has reported.
pub(crate) async fn clear(tx: &WriteTx, feed: &str) -> Result<(), StoreError> {
    let own = Entity::delete_many().filter(Column::Feed.eq(feed));
    own.exec(tx.connection()).await?;
    Ok(())
}

/// Returns the names of projected rows that a feed has not reported.
pub(crate) async fn untold(
    tx: &WriteTx,
    feed: &str,
    known: Known,
) -> Result<Vec<String>, StoreError> {
    let told = Query::select()
        .expr(Expr::val(1))
        .from("told")
        .and_where(Expr::col("feed").eq(feed))
        .and_where(Expr::col("entity").eq(Expr::cust(known.name)))
        .to_owned();
    let query = Query::select()
        .expr_as(Expr::cust(known.name), "name")
        .from(known.table)
        .and_where(Expr::exists(told).not())
        .to_owned();
    let rows = tx.connection().query_all(&query).await?;
    let names = rows.iter().map(|row| row.try_get("", "name"));
    Ok(names.collect::<Result<_, _>>()?)
}
