//! The audit log of a service. Records are chained in commit order: the last code is in the row of
//! the log's head, which a transaction locks as its last step.

pub(crate) mod people;
pub(crate) mod read;
pub(crate) mod recorder;

use ::audit::{Chain, Entry, Mac, People};
use api::common::v1::AuditRecord;
use prost::Message;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    sea_query::{Expr, Query},
};
use types::UnixTime;

use crate::error::StoreError;

pub(crate) mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub organization: String,
        pub actor: String,
        pub method: String,
        pub time_ms: i64,
        pub record: Vec<u8>,
        pub mac: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The end of the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    count: i64,
    mac: Mac,
}

/// Reads the end of the audit log from the row of the head.
fn end(row: &sea_orm::QueryResult) -> Result<End, StoreError> {
    let mac: Vec<u8> = row.try_get("", "audit_mac")?;
    Ok(End {
        count: row.try_get("", "audit_count")?,
        mac: mac.try_into().map_err(|_| missing())?,
    })
}

/// Makes the records of entries, with keys for the persons that they name. Call it before the head
/// is locked; it locks the head itself only if an entry names a person for the first time.
pub(crate) async fn prepare(
    tx: &DatabaseTransaction,
    chain: &Chain,
    entries: &[Entry],
    now: UnixTime,
) -> Result<Vec<AuditRecord>, StoreError> {
    let names = entries.iter().flat_map(Entry::people).collect();
    let people: People = people::keys(tx, names).await?;
    let record = |entry: &Entry| {
        let record = entry.record(chain, &people, now.0);
        record.map_err(|error| StoreError::Corrupt(error.to_string()))
    };
    entries.iter().map(record).collect()
}

/// Appends records to the chain. Commit immediately afterwards: every other writer waits from here
/// on.
// INVARIANT: the row of the head is locked until the commit, so numbers and codes follow commit
// order, and a transaction that fails leaves no gap.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    chain: &Chain,
    records: Vec<AuditRecord>,
) -> Result<(), StoreError> {
    let added = i64::try_from(records.len()).unwrap_or_default();
    let lock = Query::update()
        .table("head")
        .value("audit_count", Expr::col("audit_count").add(added))
        .and_where(Expr::col("id").eq(1))
        .returning(Query::returning().columns(["audit_count", "audit_mac"]))
        .to_owned();
    let row = tx.query_one(&lock).await?.ok_or_else(missing)?;
    let End { count, mut mac } = end(&row)?;
    let rows = (count - added + 1..).zip(records).map(|(number, record)| {
        let encoded = record.encode_to_vec();
        mac = chain.next(&mac, &encoded);
        entity::ActiveModel {
            number: Set(number),
            organization: Set(record.organization),
            actor: Set(record.actor.map(known_as).unwrap_or_default()),
            method: Set(record.method),
            time_ms: Set(record.time_ms),
            record: Set(encoded),
            mac: Set(mac.to_vec()),
        }
    });
    let rows: Vec<_> = rows.collect();
    entity::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await?;
    let keep = Query::update()
        .table("head")
        .value("audit_mac", mac.to_vec())
        .and_where(Expr::col("id").eq(1))
        .to_owned();
    tx.execute(&keep).await?;
    Ok(())
}

/// Returns the text that an actor is found by: for a person the alias of the key, so that nothing
/// is left once the key is gone.
fn known_as(actor: api::common::v1::AuditName) -> String {
    if actor.person.is_empty() {
        actor.clear
    } else {
        actor.person
    }
}

fn missing() -> StoreError {
    StoreError::Corrupt("the head of the audit log is missing".into())
}
