//! The scopes of a permission: unconditional, restricted to applications, and under conditions.

use std::collections::BTreeMap;

use super::PermissionAccess;
use crate::{
    catalog::{ApplicationIndex, Catalog, PermissionIndex},
    facts::Grant,
    role::Roles,
    scope::{Part, Scope, Tree},
};

/// Returns the scopes in which grants hold a permission. Reports a conditional scope only as far as
/// the permission does not hold there without a condition.
pub(super) fn where_held<'a>(
    available: Roles<'a>,
    tree: &Tree,
    permission: PermissionIndex,
    grants: &[&'a Grant],
) -> Vec<PermissionAccess<'a>> {
    let catalog = available.catalog;
    let holding = grants
        .iter()
        .filter(|grant| available.holds(grant.role, permission));
    let (bound, free): (Vec<&Grant>, Vec<&Grant>) =
        holding.partition(|grant| narrowed(catalog, grant, permission).is_some());
    let mut conditional: BTreeMap<&str, Vec<&Scope>> = BTreeMap::new();
    let mut always = Vec::new();
    for grant in free {
        match grant.condition() {
            Some(condition) => conditional.entry(condition.text()).or_default(),
            None => &mut always,
        }
        .push(&grant.scope);
    }
    let held = |scope, applications, condition| PermissionAccess {
        permission: catalog.permission_name(permission),
        scope,
        applications,
        condition,
    };
    let always = union(always.into_iter());
    let under_condition: Vec<_> = conditional
        .into_iter()
        .filter_map(|(text, scopes)| {
            let scope = beyond(tree, always.as_ref(), union(scopes.into_iter())?)?;
            Some(held(scope, &[][..], Some(text)))
        })
        .collect();
    let mut found: Vec<_> = always
        .map(|scope| held(scope, &[], None))
        .into_iter()
        .collect();
    found.extend(bound.into_iter().filter_map(|grant| {
        let applications = narrowed(catalog, grant, permission)?;
        Some(held(grant.scope.clone(), applications, None))
    }));
    found.extend(under_condition);
    found
}

/// Returns the applications to which a grant is bound, if the permission is application-specific.
fn narrowed<'a>(
    catalog: &Catalog,
    grant: &'a Grant,
    permission: PermissionIndex,
) -> Option<&'a [ApplicationIndex]> {
    let concerns = catalog.concerns_applications(permission);
    grant.applications().filter(|_| concerns)
}

/// Returns the part of a scope that another scope does not cover, if any.
fn beyond(tree: &Tree, covered: Option<&Scope>, scope: Scope) -> Option<Scope> {
    let Some(covered) = covered else {
        return Some(scope);
    };
    let Scope::Parts(parts) = scope else {
        return (*covered != Scope::All).then_some(Scope::All);
    };
    let outside = |part: &Part| !tree.covers(covered, (*part).into());
    let left: Box<[Part]> = parts.into_iter().filter(outside).collect();
    (!left.is_empty()).then_some(Scope::Parts(left))
}

/// Returns the union of scopes; `None` if there are none.
fn union<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Option<Scope> {
    let mut found = false;
    let mut all = Vec::new();
    for scope in scopes {
        found = true;
        match scope {
            Scope::All => return Some(Scope::All),
            Scope::Parts(parts) => all.extend_from_slice(parts),
        }
    }
    all.sort_unstable();
    all.dedup();
    found.then(|| Scope::Parts(all.into()))
}
