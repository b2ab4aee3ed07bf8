//! That nobody is given two roles that exclude each other.

use std::collections::{BTreeMap, BTreeSet};

use ::rpc::Fault;
use ::store::WriteTx;
use base::{ApplicationId, Id, Millis, OrganizationId, RoleName};
use entitlement_core::{ApplicationDefinition, Validity, management, parts, violation};

use crate::{
    catalog,
    error::Error,
    store::{
        applications, custom_roles,
        grants::{self, NewGrant, Row},
    },
};

/// Holders of a role that are looked at together.
const HOLDERS: u64 = 1000;

/// The separations of some applications, and what the roles of the organization count as.
struct Rules {
    applications: BTreeMap<String, ApplicationDefinition>,
    /// By the names of the organization's roles: the roles whose part they take.
    parts: BTreeMap<String, Vec<String>>,
}

/// Checks what the holders of grants that were just written hold now, those included.
// SPEC: S1-14.
pub(super) async fn check(
    tx: &WriteTx,
    organization: &OrganizationId,
    written: &[NewGrant],
) -> Result<(), Error> {
    let of = written.iter().map(|grant| &grant.role.application);
    let rules = Rules::read(tx, organization, of.collect()).await?;
    let subjects: BTreeSet<&str> = written.iter().map(|grant| grant.subject.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    rules.check(tx, organization, &subjects).await
}

/// Checks what the holders of a role that was just changed hold now.
pub(super) async fn check_holders(
    tx: &WriteTx,
    organization: &OrganizationId,
    role: &RoleName,
) -> Result<(), Error> {
    let rules = Rules::read(tx, organization, [&role.application].into()).await?;
    if rules.applications.is_empty() {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let db = tx.connection();
        let holders = grants::subjects_with(db, organization, role, &after, HOLDERS).await?;
        let Some(last) = holders.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let subjects: Vec<&str> = holders.iter().map(String::as_str).collect();
        rules.check(tx, organization, &subjects).await?;
    }
}

/// Two of the roles of an application that exclude each other, by their names.
pub(super) fn both(
    application: &ApplicationDefinition,
    roles: &[String],
) -> Option<(String, String)> {
    let held: Vec<_> = roles
        .iter()
        .map(|role| (role.as_str(), Validity::ALWAYS))
        .collect();
    let (one, other) = violation(&application.separations, &held)?;
    let name = |index: usize| {
        let id = roles.get(index).map_or("", String::as_str);
        format!("{}/roles/{id}", application.id.name())
    };
    Some((name(one), name(other)))
}

impl Rules {
    async fn read(
        tx: &WriteTx,
        organization: &OrganizationId,
        of: BTreeSet<&ApplicationId>,
    ) -> Result<Self, Error> {
        let mut rules = Self {
            applications: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        for id in of {
            if id.as_str() == management::APPLICATION {
                continue;
            }
            if let Some((found, _)) = applications::find(tx.connection(), id).await?
                && !found.separations.is_empty()
            {
                let definition = catalog::definition(&found).map_err(Fault::internal)?;
                rules
                    .applications
                    .insert(id.as_str().to_owned(), definition);
            }
        }
        if rules.applications.is_empty() {
            return Ok(rules);
        }
        for row in custom_roles::all(tx.connection(), organization).await? {
            if let Some(definition) = rules.applications.get(&row.application) {
                let taken = parts(definition, &row.permissions()?).map_err(Fault::internal)?;
                rules.parts.insert(row.name(), taken);
            }
        }
        Ok(rules)
    }

    async fn check(
        &self,
        tx: &WriteTx,
        organization: &OrganizationId,
        subjects: &[&str],
    ) -> Result<(), Error> {
        if self.applications.is_empty() {
            return Ok(());
        }
        let rows = grants::of_subjects(tx.connection(), organization, Some(subjects)).await?;
        let mut held: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.end_ms > tx.now().0) {
            held.entry((&row.subject, &row.application))
                .or_default()
                .push(row);
        }
        for ((subject, application), rows) in held {
            let Some(definition) = self.applications.get(application) else {
                continue;
            };
            let counted = rows.iter().flat_map(|row| self.counted(row));
            let (names, roles): (Vec<String>, Vec<(&str, Validity)>) = counted.unzip();
            if let Some((one, other)) = violation(&definition.separations, &roles) {
                let name = |index: usize| names.get(index).cloned().unwrap_or_default();
                return Err(Error::Separated {
                    subject: subject.to_owned(),
                    one: name(one),
                    other: name(other),
                });
            }
        }
        Ok(())
    }

    /// What a grant counts as: the name of its role, with each role whose part that takes.
    fn counted<'r>(&'r self, row: &'r Row) -> Vec<(String, (&'r str, Validity))> {
        let during = Validity {
            start: Millis(row.start_ms),
            end: Millis(row.end_ms),
        };
        let name = row.role_name();
        let own = std::slice::from_ref(&row.role);
        let taken = if row.custom {
            self.parts.get(&name).map(Vec::as_slice).unwrap_or_default()
        } else {
            own
        };
        let counted = taken.iter();
        counted
            .map(|role| (name.clone(), (role.as_str(), during)))
            .collect()
    }
}
