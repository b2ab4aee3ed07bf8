//! Predicts refusals, by the rules of the services, as far as they follow from the documents and
//! the state: services cannot validate anything in an organization that does not exist yet.

mod access;
mod roles;
mod tree;

use std::collections::BTreeMap;

use api::{Inbound, Path, Violations, entitlement::v1::Application};

use super::{
    facts::{Facts, OrganizationFacts},
    refusal::Refusal,
};

/// The applications, from the documents and from the server.
struct Catalog<'a> {
    said: &'a BTreeMap<String, Application>,
    known: &'a BTreeMap<String, Application>,
}

impl Catalog<'_> {
    fn application(&self, name: &str) -> Option<&Application> {
        self.said.get(name).or_else(|| self.known.get(name))
    }
}

/// Returns the refusals of the desired state.
pub(super) fn check(desired: &Facts, state: &Facts) -> Vec<Refusal> {
    let mut found = Vec::new();
    fields(&desired.applications, &mut found);
    fields(&desired.service_accounts, &mut found);
    fields(&desired.users, &mut found);
    for (name, application) in &desired.applications {
        roles::application(name, application, &mut found);
    }
    let catalog = Catalog {
        said: &desired.applications,
        known: &state.applications,
    };
    let nothing = OrganizationFacts::default();
    for (name, facts) in &desired.organizations {
        let known = state.organizations.get(name).unwrap_or(&nothing);
        organization(facts, known, &catalog, &mut found);
    }
    found
}

fn organization(
    facts: &OrganizationFacts,
    known: &OrganizationFacts,
    catalog: &Catalog<'_>,
    found: &mut Vec<Refusal>,
) {
    let itself = &facts.organization;
    fields(
        &BTreeMap::from([(itself.name.clone(), itself.clone())]),
        found,
    );
    fields(&facts.contacts, found);
    fields(&facts.entitlements, found);
    fields(&facts.units, found);
    fields(&facts.resources, found);
    fields(&facts.custom_roles, found);
    fields(&facts.grants, found);
    tree::contacts(facts, known, found);
    tree::units(facts, known, found);
    tree::resources(facts, found);
    roles::custom_roles(facts, known, catalog, found);
    access::grants(facts, known, catalog, found);
}

/// Checks the field rules of the API.
fn fields<T: Inbound>(facts: &BTreeMap<String, T>, found: &mut Vec<Refusal>) {
    for (name, fact) in facts {
        let mut violations = Violations::default();
        fact.inspect(&Path::ROOT, &mut violations);
        let violations = violations.as_slice().iter();
        found.extend(violations.map(|wrong| {
            let message = format!("INVALID_REQUEST: {}", wrong.description);
            Refusal::of(name, &wrong.field, message)
        }));
    }
}
