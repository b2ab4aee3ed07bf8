//! What a member can reach: the menu of each application, and where each permission holds.

use base::Millis;

use crate::{
    catalog::{ApplicationIndex, Catalog, PermissionIndex},
    decide::{Facts, membership},
    facts::{Grant, Organization},
    role::Roles,
    scope::{Node, Scope},
};

/// What a member can reach in one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationAccess<'a> {
    /// The application.
    pub application: ApplicationIndex,
    /// The modules in which the member holds anything anywhere, in display order.
    pub modules: Vec<&'a str>,
    /// Where a user lands: the first recommended module, else the first.
    pub landing_module: &'a str,
    /// The roles of the grants in force, ordered by name.
    pub roles: Vec<&'a str>,
    /// The permissions held, in the order of the catalogue.
    pub permissions: Vec<PermissionAccess<'a>>,
}

impl ApplicationAccess<'_> {
    /// An application of which nothing is known.
    pub fn none(application: ApplicationIndex) -> Self {
        Self {
            application,
            modules: Vec::new(),
            landing_module: "",
            roles: Vec::new(),
            permissions: Vec::new(),
        }
    }
}

/// A permission and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionAccess<'a> {
    /// The permission.
    pub permission: &'a str,
    /// The union of the scopes of the grants in force that hold it.
    pub scope: Scope,
    /// The applications for which it holds, if it concerns applications and holds for these only.
    pub applications: &'a [ApplicationIndex],
}

/// What a member can reach at a moment, application by application, ordered by id. An
/// application in which nothing can be reached is left out.
pub fn access<'a>(facts: &Facts<'a>, now: Millis) -> Vec<ApplicationAccess<'a>> {
    let Ok((organization, member)) = membership(facts) else {
        return Vec::new();
    };
    let (catalog, available) = (facts.catalog, facts.roles());
    applications(catalog, organization, now)
        .filter_map(|application| {
            let grants: Vec<&'a Grant> = member
                .grants
                .iter()
                .filter(|grant| grant.validity.holds_at(now))
                .filter(|grant| available.application(grant.role) == Some(application))
                .collect();
            in_application(available, application, &grants)
        })
        .collect()
}

/// The applications that the organization of a member has at a moment, ordered by id.
pub fn entitled(facts: &Facts<'_>, now: Millis) -> impl Iterator<Item = ApplicationIndex> {
    let standing = membership(facts).ok().into_iter();
    let catalog = facts.catalog;
    standing.flat_map(move |(organization, _)| applications(catalog, organization, now))
}

fn applications<'a>(
    catalog: &'a Catalog,
    organization: &'a Organization,
    now: Millis,
) -> impl Iterator<Item = ApplicationIndex> + use<'a> {
    let all = catalog.applications().into_iter();
    all.filter(move |application| is_entitled(organization, *application, now))
}

fn is_entitled(organization: &Organization, application: ApplicationIndex, now: Millis) -> bool {
    organization
        .entitlements
        .get(&application)
        .is_some_and(|entitlement| entitlement.active && entitlement.validity.holds_at(now))
}

fn in_application<'a>(
    available: Roles<'a>,
    application: ApplicationIndex,
    grants: &[&'a Grant],
) -> Option<ApplicationAccess<'a>> {
    let catalog = available.catalog;
    let mut reached = vec![false; catalog.modules_of(application).count()];
    let mut permissions = Vec::new();
    for permission in catalog.permissions_of(application) {
        let holding = grants
            .iter()
            .filter(|grant| available.holds(grant.role, permission));
        let (bound, free): (Vec<&Grant>, Vec<&Grant>) =
            holding.partition(|grant| narrowed(catalog, grant, permission).is_some());
        let name = catalog.permission_name(permission);
        let before = permissions.len();
        permissions.extend(union(free.iter().map(|grant| &grant.scope)).map(|scope| {
            PermissionAccess {
                permission: name,
                scope,
                applications: &[],
            }
        }));
        permissions.extend(bound.into_iter().filter_map(|grant| {
            Some(PermissionAccess {
                permission: name,
                scope: grant.scope.clone(),
                applications: narrowed(catalog, grant, permission)?,
            })
        }));
        if permissions.len() == before {
            continue;
        }
        if let Some(module) = catalog
            .module_of(permission)
            .and_then(|at| reached.get_mut(at))
        {
            *module = true;
        }
    }
    let modules: Vec<(&str, bool)> = catalog
        .modules_of(application)
        .filter(|(place, ..)| reached.get(*place) == Some(&true))
        .map(|(_, id, recommended)| (id, recommended))
        .collect();
    let landing = modules.iter().find(|(_, recommended)| *recommended);
    let landing_module = landing.or(modules.first())?.0;
    let mut roles: Vec<&str> = grants
        .iter()
        .map(|grant| available.name(grant.role))
        .collect();
    roles.sort_unstable();
    roles.dedup();
    Some(ApplicationAccess {
        application,
        modules: modules.into_iter().map(|(id, _)| id).collect(),
        landing_module,
        roles,
        permissions,
    })
}

/// The applications to which a grant is bound, if the permission concerns applications.
fn narrowed<'a>(
    catalog: &Catalog,
    grant: &'a Grant,
    permission: PermissionIndex,
) -> Option<&'a [ApplicationIndex]> {
    let bounds = grant.bounds.as_ref()?;
    catalog
        .concerns_applications(permission)
        .then_some(&*bounds.applications)
}

/// The union of scopes; none of none.
fn union<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Option<Scope> {
    let mut found = false;
    let (mut all_units, mut all_resources) = (Vec::new(), Vec::new());
    for scope in scopes {
        found = true;
        match scope {
            Scope::All => return Some(Scope::All),
            Scope::Nodes { units, resources } => {
                all_units.extend_from_slice(units);
                all_resources.extend_from_slice(resources);
            }
        }
    }
    found.then(|| Scope::Nodes {
        units: sorted(all_units),
        resources: sorted(all_resources),
    })
}

fn sorted(mut nodes: Vec<Node>) -> Box<[Node]> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes.into()
}
