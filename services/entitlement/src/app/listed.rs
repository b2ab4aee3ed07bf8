//! What is on a list, and what would be if more were said of the circumstances.

use api::entitlement::v1::UnderCondition;
use base::Millis;
use entitlement_core::{Facts, Given, PermissionIndex, Reason, Target, decide, missing};

use crate::engine::Allowance;

/// A row of a list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// What conditions ask of the context and was not said; nothing of what holds.
    missing: Vec<String>,
}

/// A question that a row would answer.
type Question<'q, 'f> = (
    &'q Facts<'f>,
    PermissionIndex,
    Target,
    &'q Given<'q>,
    Millis,
);

impl Row {
    /// The row, if there is one. What conditions refuse whatever else is said is on no list.
    pub(super) fn of(
        name: &str,
        (facts, permission, target, given, now): Question<'_, '_>,
        allowance: &Allowance,
    ) -> Option<Self> {
        let decision = decide(facts, permission, target, given, now);
        let mut row = Self {
            name: name.to_owned(),
            missing: Vec::new(),
        };
        if allowance.take(&decision) {
            return Some(row);
        }
        if decision.outcome.err() == Some(Reason::ConditionNotMet) {
            let missing = missing(facts, permission, target, given, now);
            row.missing = missing.into_iter().map(str::to_owned).collect();
        }
        (!row.missing.is_empty()).then_some(row)
    }

    /// The one for which less is missing: that which holds, if one does.
    pub(super) fn either(self, other: Self) -> Self {
        if other.missing.len() < self.missing.len() {
            other
        } else {
            self
        }
    }

    /// What orders rows.
    pub(super) fn key(row: &Self) -> String {
        row.name.clone()
    }

    /// What holds, and what would.
    pub(super) fn split(rows: Vec<Self>) -> (Vec<String>, Vec<UnderCondition>) {
        let (mut holds, mut would) = (Vec::new(), Vec::new());
        for Self { name, missing } in rows {
            if missing.is_empty() {
                holds.push(name);
            } else {
                would.push(UnderCondition {
                    name,
                    missing_context: missing,
                });
            }
        }
        (holds, would)
    }
}
