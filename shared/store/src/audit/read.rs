//! Queries and exports of the audit log.

use std::collections::{BTreeMap, BTreeSet};

use ::audit::{Anchor, PersonKey};
use api::common::v1::{AuditName, AuditRecord, ChainedAuditRecord};
use prost::Message;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Query,
};
use types::UnixTime;

use super::{End, end, entity, missing, people};
use crate::{error::StoreError, store::Store};

/// Maximum number of records in a page of the export.
const PAGE_RECORDS: u64 = 1000;
/// The placeholder for a name that can no longer be read.
const ERASED_NAME: &str = "users/-";

/// The selection of records to list.
#[derive(Debug, Clone)]
pub struct AuditQuery<'a> {
    /// The id of the organization.
    pub organization: &'a str,
    /// Selects calls of this subject; all calls if empty.
    pub actor: &'a str,
    /// Selects calls of this method; all calls if empty.
    pub method: &'a str,
    /// The earliest time of a record, inclusive.
    pub start: UnixTime,
    /// The latest time of a record, exclusive.
    pub end: UnixTime,
    /// The number below which records are listed.
    pub before: i64,
    /// Maximum number of records.
    pub limit: u64,
}

/// A record with its names, as far as they can still be read.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The position in the log, from 1.
    pub number: i64,
    /// The record.
    pub record: AuditRecord,
    /// Actor, grant, and the granter.
    pub names: [String; 3],
    /// The resources.
    pub resources: Vec<String>,
}

/// A part of the log, as it is chained.
#[derive(Debug, Clone)]
pub struct AuditExport {
    /// The records.
    pub records: Vec<ChainedAuditRecord>,
    /// The anchor of the whole log when the records were read.
    pub anchor: String,
    /// True if the records reach the end of the log.
    pub caught_up: bool,
}

impl Store {
    /// Returns records of an organization, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row does not match its record.
    pub async fn audit(&self, query: AuditQuery<'_>) -> Result<Vec<Recorded>, StoreError> {
        let db = self.reader();
        let actor = match query.actor {
            "" => None,
            person if person.starts_with("users/") => match people::alias(db, person).await? {
                Some(alias) => Some(alias),
                None => return Ok(Vec::new()),
            },
            other => Some(other.to_owned()),
        };
        let method = (!query.method.is_empty()).then_some(query.method);
        let rows = entity::Entity::find()
            .filter(
                Condition::all()
                    .add(entity::Column::Organization.eq(query.organization))
                    .add(entity::Column::Number.lt(query.before))
                    .add(entity::Column::TimeMs.gte(query.start.0))
                    .add(entity::Column::TimeMs.lt(query.end.0))
                    .add_option(actor.map(|actor| entity::Column::Actor.eq(actor)))
                    .add_option(method.map(|method| entity::Column::Method.eq(method))),
            )
            .order_by_desc(entity::Column::Number)
            .limit(query.limit)
            .all(db)
            .await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let record = AuditRecord::decode(row.record.as_slice())?;
            // The chain covers the record, not the columns that queries use.
            if record.organization != query.organization {
                let problem = format!("audit record {} has a wrong organization", row.number);
                return Err(StoreError::Corrupt(problem));
            }
            records.push((row.number, record));
        }
        let aliases = records.iter().flat_map(|(_, record)| names(record));
        let aliases: BTreeSet<&str> = aliases
            .map(|name| name.person.as_str())
            .filter(|alias| !alias.is_empty())
            .collect();
        let keys = people::by_alias(db, &aliases).await?;
        let recorded = |(number, record)| recorded(number, record, &keys);
        Ok(records.into_iter().map(recorded).collect())
    }

    /// Returns the records after the first `after`, and the anchor.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn export_audit(&self, after: i64) -> Result<AuditExport, StoreError> {
        let snapshot = self.snapshot().await?;
        let query = Query::select()
            .columns(["audit_count", "audit_mac"])
            .from("head")
            .to_owned();
        let row = snapshot.query_one(&query).await?.ok_or_else(missing)?;
        let End { count, mac } = end(&row)?;
        let rows = entity::Entity::find()
            .filter(entity::Column::Number.gt(after))
            .order_by_asc(entity::Column::Number)
            .limit(PAGE_RECORDS)
            .all(&snapshot)
            .await?;
        snapshot.commit().await?;
        let caught_up = rows.last().map_or(after, |last| last.number) >= count;
        let count = u64::try_from(count).unwrap_or_default();
        Ok(AuditExport {
            records: rows
                .into_iter()
                .map(|row| ChainedAuditRecord {
                    record: row.record,
                    mac: row.mac,
                })
                .collect(),
            anchor: self.chain.seal(&Anchor { count, mac }),
            caught_up,
        })
    }
}

/// Returns every name in a record.
fn names(record: &AuditRecord) -> impl Iterator<Item = &AuditName> {
    [&record.actor, &record.grant, &record.granted_by]
        .into_iter()
        .flatten()
        .chain(&record.resources)
}

fn recorded(number: i64, record: AuditRecord, keys: &BTreeMap<String, PersonKey>) -> Recorded {
    let read = |name: &AuditName| {
        if name.person.is_empty() {
            return name.clear.clone();
        }
        let key = keys.get(&name.person);
        let opened = key.and_then(|key| key.open(&name.sealed).ok());
        opened.unwrap_or_else(|| ERASED_NAME.to_owned())
    };
    let one = |name: &Option<AuditName>| name.as_ref().map(read).unwrap_or_default();
    Recorded {
        number,
        names: [&record.actor, &record.grant, &record.granted_by].map(one),
        resources: record.resources.iter().map(read).collect(),
        record,
    }
}
