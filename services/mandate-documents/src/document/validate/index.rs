//! An index of the entities that the documents create, for references to them.

use std::collections::{HashMap, HashSet};

use crate::document::{Document, OrganizationEntry};

/// The entities of an organization in the documents.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    /// The units, each with its parent unit.
    pub(super) units: HashMap<&'a str, Option<&'a str>>,
    /// The resources.
    pub(super) resources: HashSet<&'a str>,
    /// The custom roles, by application and id.
    pub(super) custom_roles: HashSet<(&'a str, &'a str)>,
}

/// The entities that the documents create.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    /// The applications, each with its roles if the documents set them; the server keeps omitted
    /// roles.
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

    /// True if a unit is its own ancestor.
    pub(super) fn is_circular(&self, unit: &str) -> bool {
        let above = |unit: &str| self.units.get(unit).copied().flatten();
        let mut current = above(unit);
        // A walk longer than the number of units is in a cycle elsewhere.
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
