//! Fills a database of the entitlement service with facts.
//!
//! The database is PostgreSQL, because an installation with ten million grants runs on it. It loads
//! the rows in bulk with `COPY` and builds its indexes afterwards, which SQLite cannot do for the
//! keys of its tables.

use benches::Result;
use sqlx::{Connection, Executor, PgConnection, Row, query, query_scalar};

use crate::{
    rows::{Rows, TABLES, organization},
    shape::{HUGE, LISTED, Size},
};

/// Number of organizations whose rows are sent together.
const CHUNK: usize = 20;
/// Query for the indexes that are not keys. They are rebuilt after the load, in one pass each.
const INDEXES: &str = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'entitlement' \
                       AND indexdef LIKE 'CREATE INDEX%' AND tablename = ANY($1)";

/// Deletes all grants except those of the operator.
const EMPTY: &str = "CREATE TEMP TABLE kept AS SELECT * FROM entitlement.grants \
                     WHERE organization = 'operator'; \
                     TRUNCATE entitlement.grants; \
                     INSERT INTO entitlement.grants SELECT * FROM kept";

/// Writes all facts of a size. The service must have created its tables, and must not be running.
pub(crate) async fn fill(database: &str, size: Size) -> Result<()> {
    let mut db = PgConnection::connect(database).await?;
    db.execute("SET search_path TO entitlement; SET synchronous_commit TO off")
        .await?;
    let tables: Vec<String> = TABLES.map(str::to_owned).into();
    let indexes = query(INDEXES).bind(&tables).fetch_all(&mut db).await?;
    for index in &indexes {
        let name: String = index.try_get(0)?;
        execute(&mut db, format!("DROP INDEX {name}")).await?;
    }
    let head: i64 = query_scalar("SELECT position FROM head")
        .fetch_one(&mut db)
        .await?;
    let mut numbers: Vec<usize> = (0..size.organizations()).collect();
    numbers.push(LISTED);
    numbers.extend(size.has_huge().then_some(HUGE));
    let mut position = head;
    for chunk in numbers.chunks(CHUNK) {
        let mut rows = Rows::default();
        for number in chunk {
            position += 1;
            organization(*number, position, &mut rows);
        }
        for (table, rows) in TABLES.iter().zip(rows) {
            copy(&mut db, table, rows).await?;
        }
    }
    execute(&mut db, format!("UPDATE head SET position = {position}")).await?;
    for index in &indexes {
        let definition: String = index.try_get(1)?;
        execute(&mut db, definition).await?;
    }
    for table in TABLES {
        // The autovacuum daemon of PostgreSQL would do the same some time later.
        execute(&mut db, format!("VACUUM ANALYZE {table}")).await?;
    }
    db.execute("CHECKPOINT").await?;
    Ok(db.close().await?)
}

/// Deletes the grants of customers from a database without writers.
pub(crate) async fn empty(database: &str) -> Result<()> {
    let mut db = PgConnection::connect(database).await?;
    db.execute(EMPTY).await?;
    Ok(db.close().await?)
}

async fn copy(db: &mut PgConnection, table: &str, rows: String) -> Result<()> {
    let statement = format!("COPY {table} FROM STDIN");
    let mut copy = db.copy_in_raw(&statement).await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

async fn execute(db: &mut PgConnection, statement: String) -> Result<()> {
    db.execute(sqlx::AssertSqlSafe(statement)).await?;
    Ok(())
}
