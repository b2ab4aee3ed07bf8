//! That nobody is given two roles that exclude each other.

use std::collections::{BTreeMap, BTreeSet};

use ::store::WriteTx;
use base::{Id, Millis, OrganizationId};
use entitlement_core::{Validity, management, violation};

use crate::{
    catalog,
    error::Error,
    store::{
        applications,
        grants::{self, NewGrant, Row},
    },
};

/// Checks what the holders of grants that were just written hold now, those included.
// SPEC: S1-14.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    written: &[NewGrant],
) -> Result<(), Error> {
    let applications: BTreeSet<_> = written
        .iter()
        .map(|grant| &grant.role.application)
        .collect();
    let mut rules = BTreeMap::new();
    for application in applications {
        if application.as_str() == management::APPLICATION {
            continue;
        }
        let found = applications::find(tx.connection(), application).await?;
        let separations = found.map(|(found, _)| catalog::separations(&found));
        if let Some(separations) = separations.filter(|separations| !separations.is_empty()) {
            rules.insert(application.as_str(), separations);
        }
    }
    if rules.is_empty() {
        return Ok(());
    }
    let subjects: BTreeSet<&str> = written.iter().map(|grant| grant.subject.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    let rows = grants::of_subjects(tx.connection(), organization, Some(&subjects)).await?;
    let mut held: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.end_ms > tx.now().0) {
        held.entry((&row.subject, &row.application))
            .or_default()
            .push(row);
    }
    for ((subject, application), rows) in held {
        let Some(separations) = rules.get(application) else {
            continue;
        };
        let roles: Vec<(&str, Validity)> =
            rows.iter().map(|row| (&*row.role, during(row))).collect();
        if let Some((one, other)) = violation(separations, &roles) {
            let role = |index: usize| {
                let id = roles.get(index).map_or("", |(id, _)| *id);
                format!("applications/{application}/roles/{id}")
            };
            return Err(Error::Separated {
                subject: subject.to_owned(),
                one: role(one),
                other: role(other),
            });
        }
    }
    Ok(())
}

fn during(row: &Row) -> Validity {
    Validity {
        start: Millis(row.start_ms),
        end: Millis(row.end_ms),
    }
}
