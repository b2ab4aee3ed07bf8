//! The tables of a copy, read from its schema, so that a copy includes tables that are added later.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::BackupError;

/// The table of the migrations, which the migrations themselves fill.
const MIGRATIONS: &str = "seaql_migrations";

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns of its primary key, in order.
    pub(super) key: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    kind: Kind,
}

/// The types of columns that `schema` makes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Bytes,
    Boolean,
}

impl Column {
    /// Reads the value of this column in a row.
    pub(super) fn read(&self, row: &QueryResult) -> Result<Value, BackupError> {
        let name = self.name.as_str();
        Ok(match self.kind {
            Kind::Text => row.try_get::<Option<String>>("", name)?.into(),
            Kind::Integer => row.try_get::<Option<i64>>("", name)?.into(),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.into(),
            Kind::Boolean => row.try_get::<Option<bool>>("", name)?.into(),
        })
    }
}

/// Returns the tables of a copy.
pub(super) async fn of(copy: &impl ConnectionTrait) -> Result<Vec<Table>, BackupError> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' \
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let names = Statement::from_string(DbBackend::Sqlite, names);
    let mut tables = Vec::new();
    for row in copy.query_all_raw(names).await? {
        let name: String = row.try_get("", "name")?;
        if name != MIGRATIONS {
            tables.push(table(copy, name).await?);
        }
    }
    Ok(tables)
}

async fn table(copy: &impl ConnectionTrait, name: String) -> Result<Table, BackupError> {
    let query = "SELECT name, type, pk FROM pragma_table_info(?)";
    let query = Statement::from_sql_and_values(DbBackend::Sqlite, query, [name.clone().into()]);
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for row in copy.query_all_raw(query).await? {
        let declared: String = row.try_get("", "type")?;
        let column = Column {
            name: row.try_get("", "name")?,
            kind: kind_of(&declared).ok_or_else(|| BackupError::Table(name.clone()))?,
        };
        let place: i64 = row.try_get("", "pk")?;
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push(column);
    }
    if key.is_empty() {
        return Err(BackupError::Table(name));
    }
    key.sort_by_key(|(place, _)| *place);
    Ok(Table {
        name,
        columns,
        key: key.into_iter().map(|(_, column)| column).collect(),
    })
}

/// Returns the type, as `sea-query` declares it. A length, as in `blob(1)`, means nothing to
/// SQLite.
fn kind_of(declared: &str) -> Option<Kind> {
    let declared = declared.to_ascii_lowercase();
    match declared.split('(').next()? {
        "text" => Some(Kind::Text),
        "integer" => Some(Kind::Integer),
        "blob" => Some(Kind::Bytes),
        "boolean" => Some(Kind::Boolean),
        _ => None,
    }
}
