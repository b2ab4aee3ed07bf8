//! What a feed has told of while it is replayed: what is known of its service and is not among it
//! at the end is of a history that was replaced.

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

/// Rows that are known of another service: their table, and SQL that makes the name of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// The table.
    pub(crate) table: &'static str,
    /// The name of a row, as the feed has it.
    pub(crate) name: &'static str,
}

/// Notes what a feed has told of, by name.
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

/// Forgets what a feed has told of.
pub(crate) async fn clear(tx: &WriteTx, feed: &str) -> Result<(), StoreError> {
    let own = Entity::delete_many().filter(Column::Feed.eq(feed));
    own.exec(tx.connection()).await?;
    Ok(())
}

/// The names of known rows that a feed has not told of.
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
