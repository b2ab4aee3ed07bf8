//! What is on a list, and what would be if more were said of the circumstances.

use api::entitlement::v1::UnderCondition;
use base::Millis;
use entitlement_core::{Facts, Given, PermissionIndex, Reason, Target, decide, missing};

use crate::engine::Allowance;

/// A row of a list: nothing is missing for what holds.
pub(super) type Row = UnderCondition;

/// A question that a row would answer.
type Question<'q, 'f> = (
    &'q Facts<'f>,
    PermissionIndex,
    Target,
    &'q Given<'q>,
    Millis,
);

/// The row, if there is one. What conditions refuse whatever else is said is on no list.
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

/// The one for which less is missing: that which holds, if one does.
pub(super) fn either(one: Row, other: Row) -> Row {
    if other.missing_context.len() < one.missing_context.len() {
        other
    } else {
        one
    }
}

/// What orders rows.
pub(super) fn key(row: &Row) -> String {
    row.name.clone()
}

/// What holds, and what would.
pub(super) fn split(rows: Vec<Row>) -> (Vec<String>, Vec<UnderCondition>) {
    let (holds, would): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.missing_context.is_empty());
    (holds.into_iter().map(|row| row.name).collect(), would)
}
