//! Contacts, units and resources.

use std::collections::BTreeSet;

use api::membership::v1::Unit;
use membership_core::{
    MAX_CONTACTS, Misplaced, Tree, check_external_id, check_kind, check_number, check_type,
    check_uri,
};
use types::{In, UnitId};

use crate::apply::{facts::OrganizationFacts, refusal::Refusal};

/// A unit and its parent.
type UnitAndParent = (UnitId, Option<UnitId>);

/// Checks the number of contacts, and their URIs.
pub(super) fn contacts(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    found: &mut Vec<Refusal>,
) {
    // The list includes the operator's contact if the organization has none.
    let own = |name: &&String| name.starts_with(&facts.organization.name);
    let mut names: BTreeSet<&String> = known.contacts.keys().filter(own).collect();
    for (name, contact) in &facts.contacts {
        if let Err(error) = check_uri(&contact.uri) {
            found.push(invalid(name, "uri", &error));
        }
        names.insert(name);
        if names.len() > MAX_CONTACTS && !known.contacts.contains_key(name) {
            let message =
                format!("TOO_MANY_CONTACTS: the organization would have more than {MAX_CONTACTS}");
            found.push(Refusal::of(name, "", message));
        }
    }
}

/// Checks units, and the depth of the tree.
pub(super) fn units(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    found: &mut Vec<Refusal>,
) {
    let all = known.units.iter().chain(&facts.units);
    let tree: Tree = all.filter_map(|(_, unit)| unit_and_parent(unit)).collect();
    for (name, unit) in &facts.units {
        if let Err(error) = check_kind(&unit.kind) {
            found.push(invalid(name, "kind", &error));
        }
        if let Err(error) = check_number(&unit.number) {
            found.push(invalid(name, "number", &error));
        }
        if let Some((id, parent)) = unit_and_parent(unit)
            && let Err(error @ Misplaced::TooDeep) = tree.check_move(&id, 1, parent.as_ref())
        {
            found.push(Refusal::of(
                name,
                "parent_unit",
                format!("UNIT_TOO_DEEP: {error}"),
            ));
        }
    }
}

fn unit_and_parent(unit: &Unit) -> Option<UnitAndParent> {
    let id = |name: &str| Some(In::<UnitId>::parse_name(name).ok()?.id);
    let parent = match unit.parent_unit.as_str() {
        "" => None,
        above => Some(id(above)?),
    };
    Some((id(&unit.name)?, parent))
}

/// Checks resources.
pub(super) fn resources(facts: &OrganizationFacts, found: &mut Vec<Refusal>) {
    for (name, resource) in &facts.resources {
        if let Err(error) = check_type(&resource.r#type) {
            found.push(invalid(name, "type", &error));
        }
        if let Err(error) = check_external_id(&resource.external_id) {
            found.push(invalid(name, "external_id", &error));
        }
    }
}

fn invalid(name: &str, field: &str, error: &impl std::fmt::Display) -> Refusal {
    Refusal::of(name, field, format!("INVALID_REQUEST: {error}"))
}
