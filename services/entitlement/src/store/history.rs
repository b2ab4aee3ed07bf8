//! What was: the rows of facts at a moment that has passed.

use ::store::{State, StoreError, WriteTx};
use base::Millis;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, sea_query::Expr,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{CHUNK, table};

table!("history", key { kind: String, organization: String, id: String, revision: i64 }, {
    place: String,
    from_ms: i64,
    to_ms: i64,
    payload: Vec<u8>,
});
use row::{Column, Entity};

/// How many rows that have ended are deleted at once.
const SWEEP: u64 = 10_000;

/// The kinds of rows, as the table has them.
pub(crate) const APPLICATION: &str = "application";
pub(crate) const CUSTOM_ROLE: &str = "custom_role";
pub(crate) const ENTITLEMENT: &str = "entitlement";
pub(crate) const GRANT: &str = "grant";
pub(crate) const MEMBER: &str = "member";
pub(crate) const ORGANIZATION: &str = "organization";
pub(crate) const RESOURCE: &str = "resource";
pub(crate) const SUBJECT: &str = "subject";
pub(crate) const UNIT: &str = "unit";

/// Notes what a row is from the commit on. It can be found by its id and by its place.
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

/// Notes that a row is no more from the commit on.
pub(crate) fn end(tx: &WriteTx, kind: &'static str, organization: &str, id: &str) {
    tx.note(kind, organization, id, None);
}

/// Rows of one kind in an organization at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
    pub(crate) kind: &'static str,
    /// Empty for what belongs to none.
    pub(crate) organization: &'a str,
    pub(crate) at: Millis,
}

impl Past<'_> {
    /// All of them.
    pub(crate) async fn all<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<R>, StoreError> {
        let rows = self.stored(db).await?;
        rows.iter().map(|row| decode(row)).collect()
    }

    /// All of them, as they are stored.
    pub(crate) async fn stored(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        payloads(self.select().order_by_asc(Column::Id), db).await
    }

    /// Those of the ids.
    pub(crate) async fn of_ids<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        ids: &[&str],
    ) -> Result<Vec<R>, StoreError> {
        self.of(db, Column::Id, ids).await
    }

    /// Those in the places.
    pub(crate) async fn in_places<R: DeserializeOwned>(
        self,
        db: &impl ConnectionTrait,
        places: &[&str],
    ) -> Result<Vec<R>, StoreError> {
        self.of(db, Column::Place, places).await
    }

    /// Those after one, in the order of their places and ids.
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
        for chunk in values.chunks(CHUNK) {
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

/// A row as it was.
pub(crate) fn decode<R: DeserializeOwned>(row: &[u8]) -> Result<R, StoreError> {
    serde_json::from_slice(row).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Deletes some of what ended before a moment; whether that was all.
pub(crate) async fn sweep(db: &impl ConnectionTrait, before: Millis) -> Result<bool, StoreError> {
    // A moment of the oldest rows: SQLite deletes no number of rows.
    let end: Option<i64> = Entity::find()
        .select_only()
        .column(Column::ToMs)
        .filter(Column::ToMs.lt(before.0))
        .order_by_asc(Column::ToMs)
        .offset(SWEEP)
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
