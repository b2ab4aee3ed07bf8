//! Copies rows from one database to another, a page at a time.

use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, QueryResult, Value,
    sea_query::{Alias, Expr, Order, Query, SelectStatement, SimpleExpr},
};

use super::{
    BackupError,
    tables::{Column, Table},
};

/// Maximum number of rows in memory.
const PAGE_ROWS: u64 = 256;

/// Deletes the rows that migrations inserted into a new table.
pub(super) async fn delete(to: &impl ConnectionTrait, table: &Table) -> Result<(), BackupError> {
    let query = Query::delete()
        .from_table(Alias::new(&table.name))
        .to_owned();
    to.execute(&query).await?;
    Ok(())
}

/// Copies the rows of a table, and returns their number.
pub(super) async fn copy(
    from: &impl ConnectionTrait,
    to: &impl ConnectionTrait,
    table: &Table,
) -> Result<u64, BackupError> {
    let (mut count, mut last) = (0, None);
    loop {
        let rows = from.query_all(&page(table, last.as_deref())).await?;
        let Some(end) = rows.last() else {
            return Ok(count);
        };
        last = Some(values(end, &table.key)?);
        count += insert(to, table, &rows).await?;
    }
}

/// Selects the rows after a key, in key order.
fn page(table: &Table, after: Option<&[Value]>) -> SelectStatement {
    let mut query = Query::select();
    query.from(Alias::new(&table.name)).limit(PAGE_ROWS);
    for column in &table.columns {
        query.column(Alias::new(&column.name));
    }
    for column in &table.key {
        query.order_by(Alias::new(&column.name), Order::Asc);
    }
    if let Some(after) = after {
        let key = table.key.iter();
        let key = key.map(|column| SimpleExpr::from(Expr::col(Alias::new(&column.name))));
        let after = after.iter().cloned().map(SimpleExpr::from);
        query.and_where(Expr::tuple(key).gt(Expr::tuple(after)));
    }
    query
}

async fn insert(
    to: &impl ConnectionTrait,
    table: &Table,
    rows: &[QueryResult],
) -> Result<u64, BackupError> {
    let mut query = Query::insert();
    query
        .into_table(Alias::new(&table.name))
        .columns(table.columns.iter().map(|own| Alias::new(&own.name)));
    for row in rows {
        let values = values(row, &table.columns)?;
        let values = values.into_iter().map(SimpleExpr::from);
        query
            .values(values)
            .map_err(|error| DbErr::Query(sea_orm::RuntimeErr::Internal(error.to_string())))?;
    }
    Ok(to.execute(&query).await?.rows_affected())
}

fn values(row: &QueryResult, columns: &[Column]) -> Result<Vec<Value>, BackupError> {
    columns.iter().map(|column| column.read(row)).collect()
}
