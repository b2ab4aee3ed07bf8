//! The tables that every service has, and helpers for migrations.

use ::audit::Chain;
use sea_orm_migration::{
    prelude::{ColumnDef, DbErr, IntoIden, SchemaManager, Table},
    sea_orm::{ConnectionTrait, DbBackend, Statement},
    sea_query::{Index, IndexCreateStatement, Query, TableCreateStatement},
};

/// Begins a statement that creates a table.
pub fn table(name: impl IntoIden) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name.into_iden());
    table
}

/// Returns a column of text.
pub fn text(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().not_null();
    column
}

/// Returns a column of text that may be absent.
pub fn optional_text(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().null();
    column
}

/// Returns a column of numbers or times in milliseconds.
pub fn integer(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

/// Returns a column of bytes.
pub fn bytes(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.binary().not_null();
    column
}

/// Returns a column of booleans.
pub fn boolean(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean().not_null();
    column
}

/// Adds a column that may be absent, as it is in existing rows, or has a default.
///
/// # Errors
/// The error of the database.
pub async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    let mut alter = Table::alter();
    alter.table(table).add_column(column);
    manager.alter_table(alter).await
}

/// Returns a primary key over columns.
pub fn primary(columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.primary();
    for column in columns {
        index.col(*column);
    }
    index
}

/// Returns an index over columns.
pub fn index(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// Orders columns of text by their bytes, as SQLite does and as strings are compared in memory.
/// PostgreSQL uses the collation of a language by default. Call it before an index is made on the
/// columns.
///
/// # Errors
/// The error of the database.
pub async fn bytewise(
    manager: &SchemaManager<'_>,
    table: &str,
    columns: &[&str],
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for column in columns {
        let alter = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE text COLLATE \"C\"");
        manager.get_connection().execute_unprepared(&alter).await?;
    }
    Ok(())
}

/// Makes the table of past states, for a service that answers about the past.
///
/// # Errors
/// The error of the database.
pub async fn create_history(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("history")
                .col(text("kind"))
                .col(text("organization"))
                .col(text("id"))
                .col(integer("revision"))
                .col(text("place"))
                .col(integer("from_ms"))
                .col(integer("to_ms"))
                .col(bytes("payload"))
                .primary_key(&mut primary(&["kind", "organization", "id", "revision"]))
                .to_owned(),
        )
        .await?;
    bytewise(manager, "history", &["id", "place"]).await?;
    let place = ["kind", "organization", "place", "id"];
    manager
        .create_index(index("history_place", "history", &place))
        .await?;
    manager
        .create_index(index("history_end", "history", &["to_ms"]))
        .await
}

/// Gives the log an identity: its epoch, its database, and a mark of each commit. The epoch begins
/// when the log is next opened.
///
/// # Errors
/// The error of the database.
pub async fn create_epochs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in ["epoch", "mark"] {
        add_column(manager, "head", integer(column).default(0)).await?;
    }
    add_column(manager, "head", text("database").default("")).await?;
    add_column(manager, "requests", integer("epoch").default(0)).await?;
    let commits = table("commits")
        .col(integer("slot").primary_key())
        .col(integer("position"))
        .col(integer("mark"))
        .to_owned();
    manager.create_table(commits).await
}

/// Makes the tables that every service has: the head of the log, the outbox, the requests and the
/// audit log.
///
/// # Errors
/// The error of the database.
pub async fn create_common(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("head")
                .col(integer("id").primary_key())
                .col(integer("position"))
                .col(integer("commit_ms"))
                .col(integer("audit_count"))
                .col(bytes("audit_mac"))
                .to_owned(),
        )
        .await?;
    let mut first = Query::insert();
    first
        .into_table("head")
        .columns(["id", "position", "commit_ms", "audit_count", "audit_mac"])
        .values_panic([
            1.into(),
            0.into(),
            0.into(),
            0.into(),
            Chain::START.to_vec().into(),
        ]);
    let connection = manager.get_connection();
    let statement: Statement = manager.get_database_backend().build(&first);
    connection.execute_raw(statement).await?;
    manager
        .create_table(
            table("outbox")
                .col(text("entity").primary_key())
                .col(integer("position"))
                .col(bytes("payload"))
                .to_owned(),
        )
        .await?;
    manager
        .create_index(index("outbox_position", "outbox", &["position"]))
        .await?;
    manager
        .create_table(
            table("requests")
                .col(text("caller"))
                .col(text("request_id"))
                .col(bytes("fingerprint"))
                .col(bytes("response"))
                .col(integer("create_ms"))
                .primary_key(&mut primary(&["caller", "request_id"]))
                .to_owned(),
        )
        .await?;
    manager
        .create_index(index("requests_create_ms", "requests", &["create_ms"]))
        .await?;
    manager
        .create_table(
            table("audit")
                .col(integer("number").primary_key())
                .col(text("organization"))
                .col(text("actor"))
                .col(text("method"))
                .col(integer("time_ms"))
                .col(bytes("record"))
                .col(bytes("mac"))
                .to_owned(),
        )
        .await?;
    manager
        .create_index(index(
            "audit_organization",
            "audit",
            &["organization", "number"],
        ))
        .await?;
    manager
        .create_table(
            table("audit_people")
                .col(text("person").primary_key())
                .col(text("alias").unique_key())
                .col(bytes("secret"))
                .to_owned(),
        )
        .await
}
