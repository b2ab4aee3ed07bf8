//! Rows of lists: results, and results that need more context.

use api::entitlement::v1::UnderCondition;
use entitlement_core::{ConditionInput, Facts, PermissionIndex, Reason, Target, decide, missing};
use types::UnixTime;

use crate::engine::ConditionBudget;

/// A row of a list; `missing_context` is empty for a result.
pub(super) type Row = UnderCondition;

/// The query that a row answers.
type Question<'q, 'f> = (
    &'q Facts<'f>,
    PermissionIndex,
    Target,
    &'q ConditionInput<'q>,
    UnixTime,
);

/// Returns the row of a name, if it is on the list.
pub(super) fn row(name: &str, question: Question<'_, '_>, budget: &ConditionBudget) -> Option<Row> {
    Some(Row {
        name: name.to_owned(),
        missing_context: missing_context(question, budget)?,
    })
}

/// Returns the context that a row misses, empty if the permission is held. Returns nothing if the row is
/// on no list, because conditions refuse it with any context.
pub(super) fn missing_context(
    (facts, permission, target, given, now): Question<'_, '_>,
    budget: &ConditionBudget,
) -> Option<Vec<String>> {
    let decision = decide(facts, permission, target, given, now);
    if budget.charge(&decision) {
        return Some(Vec::new());
    }
    if decision.outcome.err() != Some(Reason::ConditionNotMet) {
        return None;
    }
    let missing = missing(facts, permission, target, given, now).into_iter();
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    (!missing.is_empty()).then_some(missing)
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
