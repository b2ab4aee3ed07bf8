//! The effective access of a member: the modules of each application, and the scope of each
//! permission.

mod permission_scopes;

use types::UnixTime;

use self::permission_scopes::permission_scopes;
use crate::{
    catalog::{ApplicationIndex, Catalog},
    decide::{Facts, membership},
    facts::{Grant, Organization},
    role::Roles,
    scope::{Scope, Tree},
};

/// The access of a member to one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationAccess<'a> {
    /// The application.
    pub application: ApplicationIndex,
    /// The modules in which the member holds a permission without a condition, at any location, in
    /// display order.
    pub modules: Vec<&'a str>,
    /// The modules in which the member holds permissions under conditions only.
    pub conditional_modules: Vec<&'a str>,
    /// The module to open first: the first recommended one, else the first. Empty if the member
    /// holds everything under conditions.
    pub landing_module: &'a str,
    /// The roles of the grants in force, ordered by name.
    pub roles: Vec<&'a str>,
    /// The permissions held, in the order of the catalog.
    pub permissions: Vec<PermissionAccess<'a>>,
}

impl ApplicationAccess<'_> {
    /// Returns the access to an application about which nothing is known: none.
    pub fn none(application: ApplicationIndex) -> Self {
        Self {
            application,
            modules: Vec::new(),
            conditional_modules: Vec::new(),
            landing_module: "",
            roles: Vec::new(),
            permissions: Vec::new(),
        }
    }
}

/// A permission with its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionAccess<'a> {
    /// The permission.
    pub permission: &'a str,
    /// The union of the scopes of the grants in force whose roles hold it.
    pub scope: Scope,
    /// The applications to which it is restricted, if it is application-specific and restricted.
    pub applications: &'a [ApplicationIndex],
    /// The condition under which it holds in the scope, if any.
    pub condition: Option<&'a str>,
}

/// Returns the access of a member at a time, by application, ordered by id. Leaves out applications
/// in which the member holds nothing.
pub fn access<'a>(facts: &Facts<'a>, now: UnixTime) -> Vec<ApplicationAccess<'a>> {
    let Ok((organization, member)) = membership(facts) else {
        return Vec::new();
    };
    let (catalog, available) = (facts.catalog, facts.roles());
    applications(catalog, organization, now)
        .filter_map(|application| {
            let grants: Vec<&'a Grant> = member
                .grants
                .iter()
                .filter(|grant| grant.validity().holds_at(now))
                .filter(|grant| available.application(grant.role) == Some(application))
                .collect();
            in_application(available, &organization.tree, application, &grants)
        })
        .collect()
}

/// Returns the applications to which a member's organization is entitled at a time, ordered by id.
pub fn entitled(facts: &Facts<'_>, now: UnixTime) -> impl Iterator<Item = ApplicationIndex> {
    let active_member = membership(facts).ok().into_iter();
    let catalog = facts.catalog;
    active_member.flat_map(move |(organization, _)| applications(catalog, organization, now))
}

fn applications<'a>(
    catalog: &'a Catalog,
    organization: &'a Organization,
    now: UnixTime,
) -> impl Iterator<Item = ApplicationIndex> + use<'a> {
    let all = catalog.applications().into_iter();
    all.filter(move |application| is_entitled(organization, *application, now))
}

fn is_entitled(organization: &Organization, application: ApplicationIndex, now: UnixTime) -> bool {
    organization
        .entitlements
        .get(&application)
        .is_some_and(|entitlement| entitlement.active && entitlement.validity.holds_at(now))
}

/// The access of a member to a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ModuleAccess {
    Not,
    UnderCondition,
    Always,
}

fn in_application<'a>(
    available: Roles<'a>,
    tree: &Tree,
    application: ApplicationIndex,
    grants: &[&'a Grant],
) -> Option<ApplicationAccess<'a>> {
    let catalog = available.catalog;
    let mut reached = vec![ModuleAccess::Not; catalog.modules_of(application).count()];
    let mut permissions = Vec::new();
    for permission in catalog.permissions_of(application) {
        let own = permission_scopes(available, tree, permission, grants);
        let module = catalog.module_of(permission);
        if let Some(module) = module.and_then(|at| reached.get_mut(at)) {
            let how = own.iter().map(|held| match held.condition {
                None => ModuleAccess::Always,
                Some(_) => ModuleAccess::UnderCondition,
            });
            *module = how.fold(*module, ModuleAccess::max);
        }
        permissions.extend(own);
    }
    let reached = &reached;
    let of = |how| {
        let modules = catalog.modules_of(application);
        let those = modules.filter(move |(place, ..)| reached.get(*place) == Some(&how));
        those.map(|(_, id, recommended)| (id, recommended))
    };
    let landing = of(ModuleAccess::Always).find(|(_, recommended)| *recommended);
    let landing = landing.or(of(ModuleAccess::Always).next());
    let mut roles: Vec<&str> = grants
        .iter()
        .map(|grant| available.name(grant.role))
        .collect();
    roles.sort_unstable();
    roles.dedup();
    (!permissions.is_empty()).then(|| ApplicationAccess {
        application,
        modules: of(ModuleAccess::Always).map(|(id, _)| id).collect(),
        conditional_modules: of(ModuleAccess::UnderCondition).map(|(id, _)| id).collect(),
        landing_module: landing.map_or("", |(id, _)| id),
        roles,
        permissions,
    })
}
