//! History: rows as of an earlier time.

use ::store::{State, StoreError, WriteTx};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};
use serde::{Serialize, de::DeserializeOwned};
use types::UnixTime;

use super::{MAX_ROWS_PER_STATEMENT, table};

table!("history", key { kind: String, organization: String, id: String, revision: i64 }, {
    place: String,
    from_ms: i64,
    to_ms: i64,
    payload: Vec<u8>,
});
use row::{Column, Entity};

/// Maximum number of expired rows deleted at once.
const MAX_ROWS_PER_SWEEP: u64 = 10_000;

/// The kinds of rows in the table.
pub(crate) const APPLICATION: &str = "application";
pub(crate) const CUSTOM_ROLE: &str = "custom_role";
pub(crate) const ENTITLEMENT: &str = "entitlement";
pub(crate) const GRANT: &str = "grant";
pub(crate) const MEMBER: &str = "member";
pub(crate) const ORGANIZATION: &str = "organization";
pub(crate) const RESOURCE: &str = "resource";
pub(crate) const SUBJECT: &str = "subject";
pub(crate) const UNIT: &str = "unit";

/// Records the state of a row from the commit on. Readers find it by its id and by its place.
pub(crate) fn begin(
    tx: &WriteTx,
    kind: &'static str,
    (organization, place, id): (&str, &str, &str),
    row: &impl Serialize,
) -> Result<(), StoreError> {
    let payload = serde_json::to_vec(row);
    let state = State {
        place: place.to_owned(),
        payload: payload.map_err(|error| StoreError::Corrupt(error.to_string()))?,
    };
    tx.note(kind, organization, id, Some(state));
    Ok(())
}

/// Records the end of a row at the commit.
pub(crate) fn end(tx: &WriteTx, kind: &'static str, organization: &str, id: &str) {
    tx.note(kind, organization, id, None);
}

/// Rows of one kind in an organization as of a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) kind: &'static str,
    /// Empty for rows without an organization.
    pub(crate) organization: &'a str,
    pub(crate) at: UnixTime,
}

impl Past<'_> {
    /// Returns all rows.
    pub(crate) async fn all<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<R>, StoreError> {
        let rows = self.stored(db).await?;
        rows.iter().map(|row| decode(row)).collect()
    }

    /// Returns all rows, as stored.
    pub(crate) async fn stored(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        payloads(self.select().order_by_asc(Column::Id), db).await
    }

    /// Returns the rows with these ids.
    pub(crate) async fn of_ids<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        ids: &[&str],
    ) -> Result<Vec<R>, StoreError> {
        self.of(db, Column::Id, ids).await
    }

    /// Returns the rows in these places.
    pub(crate) async fn in_places<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        places: &[&str],
    ) -> Result<Vec<R>, StoreError> {
        self.of(db, Column::Place, places).await
    }

    /// Returns the rows after one, in the order of their places and ids.
    pub(crate) async fn after<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        (place, id): (&str, &str),
        limit: u64,
    ) -> Result<Vec<R>, StoreError> {
        let own = Expr::tuple([Expr::col(Column::Place), Expr::col(Column::Id)]);
        let rows = self
            .select()
            .filter(own.gt(Expr::tuple([Expr::val(place), Expr::val(id)])))
            .order_by_asc(Column::Place)
            .order_by_asc(Column::Id)
            .limit(limit);
        read(rows, db).await
    }

    async fn of<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        column: Column,
        values: &[&str],
    ) -> Result<Vec<R>, StoreError> {
        let mut found = Vec::new();
        for chunk in values.chunks(MAX_ROWS_PER_STATEMENT) {
            let rows = self.select().filter(column.is_in(chunk.iter().copied()));
            found.extend(read(rows, db).await?);
        }
        Ok(found)
    }

    fn select(self) -> Select<Entity> {
        Entity::find()
            .filter(Column::Kind.eq(self.kind))
            .filter(Column::Organization.eq(self.organization))
            .filter(Column::FromMs.lte(self.at.0))
            .filter(Column::ToMs.gt(self.at.0))
    }
}

async fn read<R: DeserializeOwned>(
    rows: Select<Entity>,
    db: &impl ConnectionTrait,
) -> Result<Vec<R>, StoreError> {
    let rows = payloads(rows, db).await?;
    rows.iter().map(|row| decode(row)).collect()
}

async fn payloads(
    rows: Select<Entity>,
    db: &impl ConnectionTrait,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = rows.select_only().column(Column::Payload);
    Ok(rows.into_tuple().all(db).await?)
}

/// Decodes a row.
pub(crate) fn decode<R: DeserializeOwned>(row: &[u8]) -> Result<R, StoreError> {
    serde_json::from_slice(row).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Deletes a part of the rows that ended before a time. Returns true if none is left.
pub(crate) async fn sweep(db: &impl ConnectionTrait, before: UnixTime) -> Result<bool, StoreError> {
    // Find the end time of the last row to delete, because SQLite's `DELETE` has no limit.
    let end: Option<i64> = Entity::find()
        .select_only()
        .column(Column::ToMs)
        .filter(Column::ToMs.lt(before.0))
        .order_by_asc(Column::ToMs)
        .offset(MAX_ROWS_PER_SWEEP)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    let until = end.unwrap_or(before.0 - 1);
    Entity::delete_many()
        .filter(Column::ToMs.lte(until))
        .exec(db)
        .await?;
    Ok(end.is_none())
}
