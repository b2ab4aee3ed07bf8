//! Grants.

use std::collections::BTreeMap;

use api::entitlement::v1::{Grant, GrantState};
use entitlement::definition;
use entitlement_core::{
    ApplicationDefinition, Condition, Validity, condition::MAX_HELD, parts, violation,
};
use types::{RoleName, UnixTime};

use super::{Catalog, roles::unmanaged};
use crate::apply::{facts::OrganizationFacts, refusal::Refusal};

/// Checks grants: entitled applications, valid conditions, the limit of conditional grants per
/// member, and separation of duties.
pub(super) fn grants(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    catalog: &Catalog<'_>,
    found: &mut Vec<Refusal>,
) {
    let mut of_members: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
    for (name, grant) in &facts.grants {
        let before = known.grants.get(name);
        // The grant stays revoked, in spite of the document.
        if before.is_some_and(|before| before.state() == GrantState::Revoked) {
            continue;
        }
        condition(name, grant, found);
        let Ok(role) = RoleName::parse_name(&grant.role) else {
            continue;
        };
        let application = catalog.application(&role.application.name());
        if let Some(message) = application.and_then(|own| unmanaged(facts, known, own)) {
            found.push(Refusal::of(name, "role", message));
        }
        of_members.entry(&grant.subject).or_default().push(grant);
    }
    for held in of_members.values() {
        count(held, found);
        separation(held, facts, known, catalog, found);
    }
}

fn condition(name: &str, grant: &Grant, found: &mut Vec<Refusal>) {
    if grant.condition.is_empty() {
        return;
    }
    if grant.role.starts_with("applications/mandate/") {
        let message = "INVALID_REQUEST: is not for management roles";
        found.push(Refusal::of(name, "condition", message));
    } else if let Err(error) = Condition::parse(&grant.condition) {
        let message = format!("CONDITION_INVALID: {error}");
        found.push(Refusal::of(name, "condition", message));
    }
}

/// Checks the number of conditional grants: a check may have to evaluate all of them.
fn count(held: &[&Grant], found: &mut Vec<Refusal>) {
    let conditional = held.iter().filter(|grant| !grant.condition.is_empty());
    for grant in conditional.skip(MAX_HELD) {
        let message = format!(
            "TOO_MANY_CONDITIONS: `{}` would have more than {MAX_HELD} grants with conditions",
            grant.subject
        );
        found.push(Refusal::of(&grant.name, "condition", message));
    }
}

/// Checks that nobody holds two roles that exclude each other at the same time.
// SPEC: S1-14.
fn separation(
    held: &[&Grant],
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    catalog: &Catalog<'_>,
    found: &mut Vec<Refusal>,
) {
    let mut by_application: BTreeMap<String, Vec<(String, Validity, &Grant)>> = BTreeMap::new();
    for &grant in held {
        let Ok(role) = RoleName::parse_name(&grant.role) else {
            continue;
        };
        let name = role.application.name();
        let definition = catalog
            .application(&name)
            .and_then(|own| definition(own).ok());
        let Some(definition) = definition.filter(|own| !own.separations.is_empty()) else {
            continue;
        };
        let roles = counted_roles(&role, &definition, facts, known).into_iter();
        let validity = validity(grant);
        let held = by_application.entry(name).or_default();
        held.extend(roles.map(|role| (role, validity, grant)));
    }
    for (name, held) in by_application {
        let rules = catalog
            .application(&name)
            .and_then(|own| definition(own).ok());
        let rules = rules.map(|own| own.separations).unwrap_or_default();
        for (index, (role, validity, grant)) in held.iter().enumerate() {
            let before = held.iter().take(index);
            let other = before.into_iter().find(|(other, during, _)| {
                let both = [(role.as_str(), *validity), (other.as_str(), *during)];
                violation(&rules, &both).is_some()
            });
            if let Some((_, _, other)) = other {
                let message = format!(
                    "SOD_VIOLATION: `{}` would hold roles that exclude each other: {}, {}",
                    grant.subject, other.role, grant.role
                );
                found.push(Refusal::of(&grant.name, "role", message));
            }
        }
    }
}

/// Returns the catalog roles as which a role counts: itself, or those whose permissions a custom
/// role contains.
fn counted_roles(
    role: &RoleName,
    application: &ApplicationDefinition,
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
) -> Vec<String> {
    if role.organization.is_none() {
        return vec![role.role.to_string()];
    }
    let name = role.to_string();
    let own = facts.custom_roles.get(&name);
    let own = own.or_else(|| known.custom_roles.get(&name));
    own.and_then(|own| parts(application, &own.permissions).ok())
        .unwrap_or_default()
}

fn validity(grant: &Grant) -> Validity {
    let millis = |time: &prost_types::Timestamp| {
        UnixTime(time.seconds.saturating_mul(1000) + i64::from(time.nanos / 1_000_000))
    };
    Validity {
        start: grant.start_time.as_ref().map_or(UnixTime::MIN, millis),
        end: grant.end_time.as_ref().map_or(UnixTime::MAX, millis),
    }
}
