//! Rules for conditions of grants, and their maximum number.

use std::collections::BTreeMap;

use ::rpc::Fault;
use ::store::WriteTx;
use entitlement_core::{Condition, condition::MAX_HELD, management};
use types::{Id, OrganizationId, RoleName};

use crate::{
    error::Error,
    store::grants::{self, NewGrant},
};

/// Parses the condition of a grant; `at` is the path of the grant in a request. Management has no
/// context, so grants of management roles have no condition.
pub(super) fn read(role: &RoleName, condition: String, at: &str) -> Result<Option<String>, Error> {
    if condition.is_empty() {
        return Ok(None);
    }
    let field = format!("{at}grant.condition");
    if role.application.as_str() == management::APPLICATION {
        return Err(Fault::field(field, "is not for roles that manage").into());
    }
    match Condition::parse(&condition) {
        Ok(_) => Ok(Some(condition)),
        Err(source) => Err(Error::ConditionInvalid { field, source }),
    }
}

/// Checks that no holder of the new grants exceeds the maximum number of conditional grants.
pub(super) async fn check_count(
    tx: &WriteTx,
    organization: &OrganizationId,
    given: &[NewGrant],
) -> Result<(), Error> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for grant in given.iter().filter(|grant| grant.condition.is_some()) {
        *counts.entry(&grant.subject).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let subjects: Vec<&str> = counts.keys().copied().collect();
    let held = grants::of_subjects_in(tx, organization, &subjects).await?;
    let is_given = |id: &str| given.iter().any(|grant| grant.id.as_str() == id);
    for row in &held {
        let counts_too = row.condition.is_some() && tx.now().0 < row.end_ms && !is_given(&row.id);
        if let Some(count) = counts.get_mut(row.subject.as_str()) {
            *count += usize::from(counts_too);
        }
    }
    match counts.into_iter().find(|(_, count)| *count > MAX_HELD) {
        Some((subject, _)) => Err(Error::TooManyConditions(subject.to_owned(), MAX_HELD)),
        None => Ok(()),
    }
}
