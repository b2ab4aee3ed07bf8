//! Grants in a dry-run transaction (a draft): their changes are recorded and never written.

use std::collections::BTreeMap;

use ::store::{State, StoreError, WriteTx};
use sea_orm::DbErr;
use types::OrganizationId;

use super::{Id, Row, history, of_ids};

/// Refuses grants whose ids are taken, as the database would on insertion.
pub(super) async fn check_absent(
    tx: &WriteTx,
    organization: &OrganizationId,
    rows: &[Row],
) -> Result<(), StoreError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    if of_ids(tx.connection(), organization, &ids)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    Err(StoreError::Duplicate(DbErr::RecordNotInserted))
}

/// Replaces found grants of an organization by their state in the draft. `is_sought` returns true
/// for a grant that the query would have found.
pub(super) fn with_noted(
    tx: &WriteTx,
    organization: &OrganizationId,
    mut found: Vec<Row>,
    is_sought: impl Fn(&Row) -> bool,
) -> Result<Vec<Row>, StoreError> {
    if !tx.is_draft() {
        return Ok(found);
    }
    let noted: BTreeMap<String, Option<State>> = tx.noted(history::GRANT, organization.as_str());
    found.retain(|row| !noted.contains_key(&row.id));
    for state in noted.into_values().flatten() {
        let row: Row = history::decode(&state.payload)?;
        if is_sought(&row) {
            found.push(row);
        }
    }
    Ok(found)
}
