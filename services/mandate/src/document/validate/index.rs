//! What the documents create, for what refers to it.

use std::collections::{HashMap, HashSet};

use crate::document::{Document, OrganizationEntry};

/// What an organization has in the documents.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    /// The units, and the unit above each.
    pub(super) units: HashMap<&'a str, Option<&'a str>>,
    /// The resources.
    pub(super) resources: HashSet<&'a str>,
    /// The roles of its own, by application and id.
    pub(super) custom_roles: HashSet<(&'a str, &'a str)>,
}

/// What the documents create.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    /// The applications, and the roles of each, where the documents say them: roles that are left
    /// out are those that the server has.
    pub(super) applications: HashMap<&'a str, Option<HashSet<&'a str>>>,
    /// The service accounts.
    pub(super) service_accounts: HashSet<&'a str>,
    /// The users.
    pub(super) users: HashSet<&'a str>,
    /// The organizations.
    pub(super) organizations: HashMap<&'a str, Tree<'a>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(documents: &'a [Document]) -> Self {
        let mut index = Self::default();
        for root in documents.iter().map(|document| &document.root) {
            for entry in root.applications.iter().map(|entry| &entry.value) {
                let roles = entry.roles.iter().map(|role| role.value.id.as_str());
                let roles = entry.says("roles").then(|| roles.collect());
                index.applications.insert(entry.id.as_str(), roles);
            }
            let accounts = root.service_accounts.iter();
            index
                .service_accounts
                .extend(accounts.map(|entry| entry.value.id.as_str()));
            let users = root.users.iter();
            index
                .users
                .extend(users.map(|entry| entry.value.id.as_str()));
            for entry in &root.organizations {
                index
                    .organizations
                    .entry(entry.value.id.as_str())
                    .or_default()
                    .add(&entry.value);
            }
        }
        index
    }
}

impl<'a> Tree<'a> {
    fn add(&mut self, organization: &'a OrganizationEntry) {
        for unit in &organization.units {
            self.units
                .insert(unit.value.id.as_str(), unit.value.parent.get());
        }
        let resources = organization.resources.iter();
        self.resources
            .extend(resources.map(|resource| resource.value.id.as_str()));
        let roles = organization.custom_roles.iter().map(|role| &role.value);
        self.custom_roles
            .extend(roles.map(|role| (role.application.as_str(), role.id.as_str())));
    }

    /// Whether a unit is above itself.
    pub(super) fn is_circular(&self, unit: &str) -> bool {
        let above = |unit: &str| self.units.get(unit).copied().flatten();
        let mut current = above(unit);
        // A walk longer than there are units goes round somewhere else.
        for _ in 0..self.units.len() {
            match current {
                Some(id) if id == unit => return true,
                Some(id) => current = above(id),
                None => return false,
            }
        }
        false
    }
}
