//! Entities that a plan creates, and the part of the plan that services can check beforehand.

use std::collections::HashSet;

use api::entitlement::v1::Application;
use entitlement::definition;

use super::{
    Changes, Facts, OrganizationPlan, Plan,
    fact::{Fact, member},
};

/// Returns the names of all entities that a plan creates. Services cannot check references to them
/// before they exist.
pub(super) fn awaited(plan: &Plan, state: &Facts) -> HashSet<String> {
    let mut names = HashSet::new();
    created(&plan.applications, &mut names);
    created(&plan.service_accounts, &mut names);
    created(&plan.users, &mut names);
    let applications = plan.applications.change.iter();
    for change in applications {
        let before = state.applications.get(&change.fact.name);
        names.extend(
            parts(&change.fact)
                .difference(&before.map(parts).unwrap_or_default())
                .cloned(),
        );
    }
    for (name, own) in &plan.organizations {
        created(&own.organization, &mut names);
        created(&own.entitlements, &mut names);
        created(&own.units, &mut names);
        created(&own.resources, &mut names);
        created(&own.custom_roles, &mut names);
        let members = own.memberships.create.iter();
        names.extend(members.map(|own| member(name, &own.subject)));
    }
    names
}

fn created<T: Fact>(changes: &Changes<T>, names: &mut HashSet<String>) {
    let created = changes.create.iter();
    names.extend(created.map(|fact| fact.name().to_owned()));
}

/// Returns the names of the roles and permissions of an application.
fn parts(application: &Application) -> HashSet<String> {
    let roles = application.roles.iter().map(|role| role.name.clone());
    let definition = definition(application).ok();
    let permissions = definition.and_then(|definition| definition.permissions().ok());
    let permissions = permissions.unwrap_or_default().into_iter();
    roles.chain(permissions.map(|(name, _)| name)).collect()
}

/// Returns the part of a plan that services can check: without facts that are refused already, and
/// without the content of organizations that do not exist yet.
pub(super) fn answerable(
    plan: &Plan,
    awaited: &HashSet<String>,
    refused: &HashSet<String>,
) -> Plan {
    let organizations = plan.organizations.iter().map(|(name, own)| {
        let mut part = OrganizationPlan {
            organization: without(&own.organization, refused),
            ..OrganizationPlan::default()
        };
        if !awaited.contains(name) {
            part = OrganizationPlan {
                contacts: without(&own.contacts, refused),
                entitlements: without(&own.entitlements, refused),
                units: without(&own.units, &below(own, refused)),
                resources: without(&own.resources, refused),
                memberships: without(&own.memberships, refused),
                custom_roles: without(&own.custom_roles, refused),
                grants: without(&own.grants, refused),
                ..part
            };
        }
        (name.clone(), part)
    });
    Plan {
        applications: without(&plan.applications, refused),
        service_accounts: without(&plan.service_accounts, refused),
        identities: without(&plan.identities, refused),
        users: without(&plan.users, refused),
        organizations: organizations.collect(),
    }
}

/// Returns the refused names, with the units below them.
fn below(plan: &OrganizationPlan, refused: &HashSet<String>) -> HashSet<String> {
    let mut refused = refused.clone();
    // Parents come first.
    for unit in &plan.units.create {
        if refused.contains(&unit.parent_unit) {
            refused.insert(unit.name.clone());
        }
    }
    refused
}

fn without<T: Fact>(changes: &Changes<T>, refused: &HashSet<String>) -> Changes<T> {
    let kept = |name: &str| !refused.contains(name);
    let create = changes.create.iter();
    let change = changes.change.iter();
    let states = changes.states.iter();
    Changes {
        create: create.filter(|fact| kept(fact.name())).cloned().collect(),
        change: change
            .filter(|change| kept(change.fact.name()))
            .cloned()
            .collect(),
        states: states.filter(|state| kept(&state.name)).cloned().collect(),
        unchanged: changes.unchanged,
    }
}
