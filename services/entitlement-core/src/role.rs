//! Roles, compiled for decisions: those of the catalog, and the custom roles of an organization.

use crate::{
    Map,
    catalog::{ApplicationIndex, Catalog, PermissionIndex, index},
    management,
};

/// A role of the catalog, or a custom role of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIndex(u32);

/// The bit that marks the number of a custom role.
const CUSTOM_ROLE_BIT: u32 = 1 << 31;

/// Roles by number. A name keeps its number, even if the role is deleted.
#[derive(Debug, Clone, Default)]
pub struct RoleSet {
    roles: Vec<Role>,
    numbers: Map<Box<str>, u32>,
}

#[derive(Debug, Clone, Default)]
struct Role {
    name: Box<str>,
    /// None if the role does not exist.
    application: Option<ApplicationIndex>,
    /// A bit for each permission of the catalog, up to the last one that the role holds.
    permissions: Box<[u64]>,
}

impl RoleSet {
    /// Returns the number of a name.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = index(self.roles.len());
        self.numbers.insert(name.into(), number);
        self.roles.push(Role {
            name: name.into(),
            ..Role::default()
        });
        number
    }

    /// Sets the permissions of a role.
    pub(crate) fn place(
        &mut self,
        number: u32,
        application: ApplicationIndex,
        held: Vec<PermissionIndex>,
    ) {
        let last = held.iter().map(|held| held.0).max();
        let words = last.map_or(0, |last| last as usize / 64 + 1);
        let mut bits = vec![0_u64; words];
        for permission in held {
            if let Some(word) = bits.get_mut(permission.0 as usize / 64) {
                *word |= 1 << (permission.0 % 64);
            }
        }
        if let Some(role) = self.roles.get_mut(number as usize) {
            role.application = Some(application);
            role.permissions = bits.into();
        }
    }

    /// Returns the custom role with a name, in the set of an organization. A role that does not
    /// exist holds nothing.
    pub fn own(&mut self, name: &str) -> RoleIndex {
        RoleIndex(self.number(name) | CUSTOM_ROLE_BIT)
    }

    /// Sets the permissions of a custom role; leaves out those that the application no longer has.
    pub fn place_own(
        &mut self,
        catalog: &Catalog,
        name: &str,
        application: &str,
        permissions: &[String],
    ) {
        let number = self.number(name);
        if let Some(application) = catalog.application(application) {
            let held = permissions
                .iter()
                .filter_map(|name| catalog.permission(name));
            let held = held.filter(|held| catalog.application_of(*held) == Some(application));
            self.place(number, application, held.collect());
        }
    }

    /// Returns the approximate size of the roles in bytes.
    pub fn weight(&self) -> usize {
        const ROLE_BYTES: usize = 160;
        let held: usize = self.roles.iter().map(|role| role.permissions.len()).sum();
        self.roles.len() * ROLE_BYTES + held * size_of::<u64>()
    }

    /// Clears the permissions of all roles, and keeps their numbers.
    pub fn clear(&mut self) {
        for role in &mut self.roles {
            (role.application, role.permissions) = (None, Box::default());
        }
    }
}

/// All roles available to the members of an organization.
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a> {
    /// The catalog with its roles.
    pub catalog: &'a Catalog,
    /// The custom roles of the organization; `None` outside of any organization.
    pub own: Option<&'a RoleSet>,
}

impl<'a> Roles<'a> {
    /// Returns the role with a name.
    pub fn find(self, name: &str) -> Option<RoleIndex> {
        let of = |set: &RoleSet, mark| Some(RoleIndex(set.numbers.get(name)? | mark));
        let own = || self.own.and_then(|own| of(own, CUSTOM_ROLE_BIT));
        of(&self.catalog.roles, 0).or_else(own)
    }

    /// Returns the name of a role.
    pub fn name(self, role: RoleIndex) -> &'a str {
        self.get(role).map_or("", |role| &role.name)
    }

    /// Returns the application of a role.
    pub fn application(self, role: RoleIndex) -> Option<ApplicationIndex> {
        self.get(role)?.application
    }

    /// True if the role holds a permission.
    pub fn holds(self, role: RoleIndex, permission: PermissionIndex) -> bool {
        let (word, bit) = (permission.0 / 64, permission.0 % 64);
        self.get(role)
            .and_then(|role| role.permissions.get(word as usize))
            .is_some_and(|bits| bits & (1 << bit) != 0)
    }

    /// Returns the management permissions of a role.
    pub fn managed_by(self, role: RoleIndex) -> impl Iterator<Item = PermissionIndex> {
        let managing = self.catalog.application(management::APPLICATION);
        managing
            .into_iter()
            .flat_map(|application| self.catalog.permissions_of(application))
            .filter(move |permission| self.holds(role, *permission))
    }

    /// Returns the names of the roles that hold a permission or a notification route.
    pub fn that_hold(self, held: PermissionIndex) -> impl Iterator<Item = &'a str> {
        let all = |set: &'a RoleSet, mark| (0..index(set.roles.len())).map(move |at| at | mark);
        let catalog = all(&self.catalog.roles, 0);
        let own = self
            .own
            .into_iter()
            .flat_map(move |own| all(own, CUSTOM_ROLE_BIT));
        catalog
            .chain(own)
            .map(RoleIndex)
            .filter(move |role| self.holds(*role, held))
            .map(move |role| self.name(role))
    }

    fn get(self, role: RoleIndex) -> Option<&'a Role> {
        let set = if role.0 & CUSTOM_ROLE_BIT == 0 {
            &self.catalog.roles
        } else {
            self.own?
        };
        set.roles.get((role.0 & !CUSTOM_ROLE_BIT) as usize)
    }
}

#[cfg(test)]
mod tests {
    use types::{ApplicationId, Id};

    use super::*;
    use crate::{ApplicationDefinition, ModuleDefinition};

    fn catalog() -> Catalog {
        let application = |id: &str| ApplicationDefinition {
            id: ApplicationId::parse(id).unwrap(),
            modules: vec![ModuleDefinition {
                id: "m".to_owned(),
                verbs: vec!["view".to_owned(), "edit".to_owned()],
                options: Vec::new(),
                recommended: false,
            }],
            roles: Vec::new(),
            separations: Vec::new(),
        };
        Catalog::compile(&[application("a"), application("b")]).unwrap()
    }

    #[test]
    fn a_role_of_an_organization_holds_what_it_names_of_its_application() {
        let catalog = catalog();
        let mut own = RoleSet::default();
        let role = own.own("clerk");
        let names = ["a.m.view", "b.m.view", "a.m.gone"].map(str::to_owned);
        own.place_own(&catalog, "clerk", "a", &names);
        let roles = Roles {
            catalog: &catalog,
            own: Some(&own),
        };
        let holds = |name: &str| roles.holds(role, catalog.permission(name).unwrap());
        assert!(holds("a.m.view") && !holds("a.m.edit") && !holds("b.m.view"));
        assert_eq!(roles.find("clerk"), Some(role));
        assert_eq!(roles.application(role), catalog.application("a"));
        let view = catalog.permission("a.m.view").unwrap();
        assert!(roles.that_hold(view).eq(["clerk"]));
        assert!(!catalog.roles().holds(role, view));
    }

    #[test]
    fn a_role_that_is_gone_holds_nothing_and_keeps_its_number() {
        let catalog = catalog();
        let mut own = RoleSet::default();
        let role = own.own("clerk");
        own.place_own(&catalog, "clerk", "a", &["a.m.view".to_owned()]);
        own.clear();
        let view = catalog.permission("a.m.view").unwrap();
        let roles = |own| Roles {
            catalog: &catalog,
            own: Some(own),
        };
        assert!(!roles(&own).holds(role, view));
        assert_eq!(roles(&own).application(role), None);
        assert_eq!(own.own("clerk"), role);
        assert_ne!(own.own("other"), role);
    }
}
