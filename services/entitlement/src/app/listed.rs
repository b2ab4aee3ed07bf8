//! Rows of lists: results, and results that need more context.

use api::entitlement::v1::UnderCondition;
use base::Millis;
use entitlement_core::{Facts, Given, PermissionIndex, Reason, Target, decide, missing};

use crate::engine::Allowance;

/// A row of a list; `missing_context` is empty for a result.
pub(super) type Row = UnderCondition;

/// The query that a row answers.
type Question<'q, 'f> = (
    &'q Facts<'f>,
    PermissionIndex,
    Target,
    &'q Given<'q>,
    Millis,
);

/// Returns the row, if any. A result that conditions refuse with any context is on no list.
pub(super) fn row(
    name: &str,
    (facts, permission, target, given, now): Question<'_, '_>,
    allowance: &Allowance,
) -> Option<Row> {
    let decision = decide(facts, permission, target, given, now);
    let mut row = Row {
        name: name.to_owned(),
        missing_context: Vec::new(),
    };
    if allowance.take(&decision) {
        return Some(row);
    }
    if decision.outcome.err() == Some(Reason::ConditionNotMet) {
        let missing = missing(facts, permission, target, given, now);
        row.missing_context = missing.into_iter().map(str::to_owned).collect();
    }
    (!row.missing_context.is_empty()).then_some(row)
}

/// Returns the row that misses less context: the result, if one of them is.
pub(super) fn either(one: Row, other: Row) -> Row {
    if other.missing_context.len() < one.missing_context.len() {
        other
    } else {
        one
    }
}

/// Returns the sort key of a row.
pub(super) fn key(row: &Row) -> String {
    row.name.clone()
}

/// Splits rows into results and results that need more context.
pub(super) fn split(rows: Vec<Row>) -> (Vec<String>, Vec<UnderCondition>) {
    let (holds, would): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.missing_context.is_empty());
    (holds.into_iter().map(|row| row.name).collect(), would)
}
