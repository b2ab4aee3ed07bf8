//! Names in documents: of declared entities, and of their references. Apply reads nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{
    Document, GrantEntry, MembershipEntry, OrganizationEntry, RoleText, Root, ScopeEntry, Text,
    grant_id,
};

/// The names in documents.
#[derive(Debug, Default)]
pub(super) struct EntityNames {
    pub(super) applications: BTreeSet<String>,
    pub(super) service_accounts: BTreeSet<String>,
    /// The service accounts for which the documents declare OIDC identities.
    pub(super) accounts_with_identities: BTreeSet<String>,
    pub(super) users: BTreeSet<String>,
    pub(super) organizations: BTreeMap<String, OrganizationEntityNames>,
}

/// The names in one organization.
#[derive(Debug, Default)]
pub(super) struct OrganizationEntityNames {
    pub(super) contacts: bool,
    pub(super) entitlements: BTreeSet<String>,
    pub(super) units: BTreeSet<String>,
    pub(super) resources: BTreeSet<String>,
    pub(super) memberships: BTreeSet<String>,
    pub(super) custom_roles: BTreeSet<String>,
    pub(super) grants: BTreeSet<String>,
}

impl EntityNames {
    pub(super) fn of(documents: &[Document]) -> Self {
        let mut named = Self::default();
        for document in documents {
            named.root(&document.root);
        }
        named
    }

    fn root(&mut self, root: &Root) {
        for entry in &root.applications {
            self.application(entry.value.id.as_str());
        }
        for entry in root.service_accounts.iter().map(|entry| &entry.value) {
            let name = format!("serviceAccounts/{}", entry.id.as_str());
            if !entry.oidc.is_empty() {
                self.accounts_with_identities.insert(name.clone());
            }
            self.service_accounts.insert(name);
        }
        let users = root.users.iter();
        self.users
            .extend(users.map(|entry| format!("users/{}", entry.value.id.as_str())));
        for entry in root.organizations.iter().map(|entry| &entry.value) {
            let name = format!("organizations/{}", entry.id.as_str());
            let mut inside = self.organizations.remove(&name).unwrap_or_default();
            self.organization(entry, &name, &mut inside);
            self.organizations.insert(name, inside);
        }
    }

    fn application(&mut self, id: &str) {
        self.applications.insert(format!("applications/{id}"));
    }

    fn organization(
        &mut self,
        entry: &OrganizationEntry,
        name: &str,
        inside: &mut OrganizationEntityNames,
    ) {
        let unit = |id: &Text| Some(format!("{name}/units/{}", id.get()?));
        inside.contacts |= !entry.contacts.is_empty();
        for entry in &entry.entitlements {
            let id = entry.value.application.as_str();
            self.application(id);
            inside
                .entitlements
                .insert(format!("{name}/entitlements/{id}"));
        }
        for entry in entry.units.iter().map(|entry| &entry.value) {
            inside.units.extend(unit(&entry.id));
            inside.units.extend(unit(&entry.parent));
        }
        for entry in entry.resources.iter().map(|entry| &entry.value) {
            inside.units.extend(unit(&entry.unit));
            let id = entry.id.as_str();
            inside.resources.insert(format!("{name}/resources/{id}"));
        }
        for entry in entry.custom_roles.iter().map(|entry| &entry.value) {
            let (application, id) = (entry.application.as_str(), entry.id.as_str());
            self.application(application);
            let entitlement = format!("{name}/entitlements/{application}");
            inside.entitlements.insert(entitlement);
            let role = format!("{name}/applications/{application}/roles/{id}");
            inside.custom_roles.insert(role);
        }
        for entry in &entry.memberships {
            self.membership(&entry.value, name, inside);
        }
    }

    fn membership(
        &mut self,
        entry: &MembershipEntry,
        name: &str,
        inside: &mut OrganizationEntityNames,
    ) {
        if let Some(id) = entry.user.get() {
            self.users.insert(format!("users/{id}"));
            inside.memberships.insert(format!("users/{id}"));
        } else if let Some(id) = entry.service_account.get() {
            let account = format!("serviceAccounts/{id}");
            inside.memberships.insert(account.clone());
            self.service_accounts.insert(account);
        }
        for grant in entry.grants.iter().map(|item| &item.value) {
            let id = grant_id(entry, grant);
            inside.grants.insert(format!("{name}/grants/{id}"));
            self.grant(grant, name, inside);
        }
    }

    fn grant(&mut self, grant: &GrantEntry, name: &str, inside: &mut OrganizationEntityNames) {
        if let Some(role) = RoleText::parse(grant.role.as_str()) {
            let application = role.application;
            self.application(application);
            let entitlement = format!("{name}/entitlements/{application}");
            inside.entitlements.insert(entitlement);
            if role.custom {
                inside.custom_roles.insert(role.name(name));
            }
        }
        for application in grant.applications.iter().map(Text::as_str) {
            self.application(application);
            let entitlement = format!("{name}/entitlements/{application}");
            inside.entitlements.insert(entitlement);
        }
        if let Some(ScopeEntry::Places(places)) = grant.scope.as_ref().map(|scope| &scope.value) {
            let units = places.units.iter().map(Text::as_str);
            inside
                .units
                .extend(units.map(|id| format!("{name}/units/{id}")));
            let resources = places.resources.iter().map(Text::as_str);
            inside
                .resources
                .extend(resources.map(|id| format!("{name}/resources/{id}")));
        }
    }
}
