//! What readers of the audit log get.

use std::collections::{BTreeMap, BTreeSet};

use ::audit::{Anchor, PersonKey};
use api::common::v1::{AuditName, AuditRecord, ChainedAuditRecord};
use base::Millis;
use prost::Message;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Query,
};

use super::{End, end, entity, missing, people};
use crate::{error::StoreError, open::Store};

/// Records a page of the export.
const PAGE: u64 = 1000;
/// What stands for a name that can no longer be read.
const ERASED: &str = "users/-";

/// Which records are listed.
#[derive(Debug, Clone)]
pub struct AuditQuery<'a> {
    /// The id of the organization.
    pub organization: &'a str,
    /// Calls of this subject only; of all if empty.
    pub actor: &'a str,
    /// Calls of this method only; of all if empty.
    pub method: &'a str,
    /// Recorded then or later.
    pub start: Millis,
    /// Recorded before then.
    pub end: Millis,
    /// Before this one in the log.
    pub before: i64,
    /// At most so many.
    pub limit: u64,
}

/// A record with its names, as far as they can be read.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The place in the log, from 1.
    pub number: i64,
    /// The record.
    pub record: AuditRecord,
    /// Actor, grant, and who gave it.
    pub names: [String; 3],
    /// The resources.
    pub resources: Vec<String>,
}

/// Part of the log, as it is chained.
#[derive(Debug, Clone)]
pub struct AuditExport {
    /// The records.
    pub records: Vec<ChainedAuditRecord>,
    /// How the whole log ended when they were read.
    pub anchor: String,
    /// Whether it ended with them.
    pub caught_up: bool,
}

impl Store {
    /// Records of an organization, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a row is not what its record says.
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
            // The chain covers the record, not the columns that it is found by.
            if record.organization != query.organization {
                let problem = format!("record {} of the audit log is of another", row.number);
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

    /// What follows the first `after` records, and the anchor.
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
            .limit(PAGE)
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

/// Every name in a record.
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
        opened.unwrap_or_else(|| ERASED.to_owned())
    };
    let one = |name: &Option<AuditName>| name.as_ref().map(read).unwrap_or_default();
    Recorded {
        number,
        names: [&record.actor, &record.grant, &record.granted_by].map(one),
        resources: record.resources.iter().map(read).collect(),
        record,
    }
}
