//! Separation of duties: nobody holds two roles that exclude each other.

use std::collections::{BTreeMap, BTreeSet};

use ::rpc::Fault;
use ::store::WriteTx;
use api::entitlement::v1::Grant;
use authz::Context;
use entitlement_core::{ApplicationDefinition, Validity, management, parts, violation};
use types::{ApplicationId, Id, OrganizationId, RoleName, UnixTime};

use super::{App, delegation::visible_grants};
use crate::{
    catalog,
    error::Error,
    store::{
        applications, custom_roles,
        grants::{self, Row},
    },
};

/// Holders of a role per page.
const HOLDERS_PER_PAGE: u64 = 1000;

/// The separation rules of some applications, and the roles that custom roles count as.
struct Rules {
    applications: BTreeMap<String, ApplicationDefinition>,
    /// Roles that each custom role counts as, by its name.
    parts: BTreeMap<String, Vec<String>>,
}

/// Two roles of one subject that exclude each other.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) subject: String,
    /// The names of the roles; empty for a grant that the caller may not see.
    pub(super) roles: [String; 2],
}

/// Refuses grants just written whose roles exclude other roles of their holders.
// SPEC: S1-14.
pub(super) async fn check(
    by: (&App, &Context),
    tx: &WriteTx,
    organization: &OrganizationId,
    written: &[Grant],
) -> Result<(), Error> {
    refuse(conflicts(by, tx, organization, written).await?)
}

/// Returns the conflicts of grants just written, one per holder and application.
pub(super) async fn conflicts(
    by: (&App, &Context),
    tx: &WriteTx,
    organization: &OrganizationId,
    written: &[Grant],
) -> Result<Vec<Conflict>, Error> {
    let roles = written
        .iter()
        .map(|grant| RoleName::parse_name(&grant.role));
    let roles: Vec<RoleName> = roles.collect::<Result<_, _>>().map_err(Fault::internal)?;
    let of = roles.iter().map(|role| &role.application);
    let rules = Rules::read(tx, organization, of.collect()).await?;
    let subjects: BTreeSet<&str> = written.iter().map(|grant| grant.subject.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    rules.conflicts(by, tx, organization, &subjects).await
}

/// Refuses a change of a custom role that makes it exclude other roles of its holders.
pub(super) async fn check_holders(
    by: (&App, &Context),
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
        let holders =
            grants::subjects_with(db, organization, role, &after, HOLDERS_PER_PAGE).await?;
        let Some(last) = holders.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let subjects: Vec<&str> = holders.iter().map(String::as_str).collect();
        refuse(rules.conflicts(by, tx, organization, &subjects).await?)?;
    }
}

fn refuse(conflicts: Vec<Conflict>) -> Result<(), Error> {
    match conflicts.into_iter().next() {
        None => Ok(()),
        Some(Conflict { subject, roles }) => {
            let named = roles.into_iter().map(|role| match role.as_str() {
                "" => "one that the caller does not see".to_owned(),
                _ => role,
            });
            let roles = named.collect();
            Err(Error::Separated { subject, roles })
        }
    }
}

/// Returns the names of two roles of an application that exclude each other.
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

    async fn conflicts(
        &self,
        by: (&App, &Context),
        tx: &WriteTx,
        organization: &OrganizationId,
        subjects: &[&str],
    ) -> Result<Vec<Conflict>, Error> {
        let mut found = Vec::new();
        if self.applications.is_empty() {
            return Ok(found);
        }
        let mut rows = grants::of_subjects_in(tx, organization, subjects).await?;
        // The database returns rows in no defined order, but a digest covers the conflicts.
        rows.sort_by_cached_key(|row| (row.role_name(), row.start_ms, row.end_ms));
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
            let (rows, roles): (Vec<&Row>, Vec<(&str, Validity)>) = counted.unzip();
            let Some((one, other)) = violation(&definition.separations, &roles) else {
                continue;
            };
            let both = [one, other].into_iter().filter_map(|at| rows.get(at));
            let both = both.map(|row| grants::grant(row, tx.now()));
            let both: Vec<Grant> = both.collect::<Result<_, _>>()?;
            let seen = visible_grants(by.0, by.1, organization, &both).await?;
            let mut names = both.into_iter().zip(seen);
            let mut name = || {
                let next = names.next().filter(|(_, seen)| *seen);
                next.map(|(grant, _)| grant.role).unwrap_or_default()
            };
            found.push(Conflict {
                subject: subject.to_owned(),
                roles: [name(), name()],
            });
        }
        Ok(found)
    }

    /// Returns the roles that a grant counts as: its role, or the roles that its custom role
    /// amounts to.
    fn counted<'r>(&'r self, row: &'r Row) -> impl Iterator<Item = (&'r Row, (&'r str, Validity))> {
        let during = Validity {
            start: UnixTime(row.start_ms),
            end: UnixTime(row.end_ms),
        };
        let taken = if row.custom {
            let parts = self.parts.get(&row.role_name());
            parts.map(Vec::as_slice).unwrap_or_default()
        } else {
            std::slice::from_ref(&row.role)
        };
        let counted = taken.iter();
        counted.map(move |role| (row, (role.as_str(), during)))
    }
}
