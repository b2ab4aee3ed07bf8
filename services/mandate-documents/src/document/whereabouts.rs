//! Positions of facts in documents, by the name of the fact.

use std::collections::HashMap;

use serde_saphyr::Spanned;

use super::{
    Document, RoleText, Root, Text,
    grant_id::grant_id,
    model::{MembershipEntry, OrganizationEntry},
    place::{At, Path, Problem},
};

/// The position of a fact.
#[derive(Debug)]
struct FactPosition<'a> {
    file: &'a str,
    at: At,
    path: String,
    said: &'a [(&'static str, At)],
}

/// The positions of the facts of some documents.
#[derive(Debug, Default)]
pub(crate) struct Positions<'a> {
    places: HashMap<String, FactPosition<'a>>,
    /// The names of the facts, by file and path.
    names: HashMap<String, String>,
}

impl<'a> Positions<'a> {
    /// Indexes documents.
    pub(crate) fn of(documents: &'a [Document]) -> Self {
        let mut places = Self::default();
        for document in documents {
            places.root(&document.file, &document.root);
        }
        places
    }

    /// Returns a problem at the position of a field of a fact, or of the fact if `field` is empty.
    pub(crate) fn problem(&self, name: &str, field: &str, message: String) -> Problem {
        let Some(place) = self.places.get(name) else {
            return Problem {
                file: String::new(),
                at: At::default(),
                path: name.to_owned(),
                message,
            };
        };
        let key = field.split(['.', '[']).next().unwrap_or_default();
        let said = place.said.iter().find(|(said, _)| *said == key);
        let path = match field {
            "" => place.path.clone(),
            field => format!("{}.{field}", place.path),
        };
        Problem {
            file: place.file.to_owned(),
            at: said.map_or(place.at, |(_, at)| at.or(place.at)),
            path,
            message,
        }
    }

    /// Returns the name of the fact that a problem is about.
    pub(crate) fn fact(&self, problem: &Problem) -> Option<&str> {
        let mut path = problem.path.as_str();
        loop {
            if let Some(name) = self.names.get(&format!("{} {path}", problem.file)) {
                return Some(name);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    fn root(&mut self, file: &'a str, root: &'a Root) {
        let path = Path::ROOT;
        self.each(file, &path, "applications", &root.applications, |entry| {
            (format!("applications/{}", entry.id.as_str()), &entry.said)
        });
        self.each(file, &path, "users", &root.users, |entry| {
            (format!("users/{}", entry.id.as_str()), &entry.said)
        });
        let accounts = &root.service_accounts;
        self.each(file, &path, "service_accounts", accounts, |entry| {
            (
                format!("serviceAccounts/{}", entry.id.as_str()),
                &entry.said,
            )
        });
        for (index, account) in accounts.iter().enumerate() {
            let path = path.item("service_accounts", index);
            let id = account.value.id.as_str();
            self.each(file, &path, "oidc", &account.value.oidc, |entry| {
                let (issuer, subject) = (entry.issuer.as_str(), entry.subject.as_str());
                let name = format!("serviceAccounts/{id}/keys/{issuer} {subject}");
                (name, &entry.said)
            });
        }
        for (index, entry) in root.organizations.iter().enumerate() {
            let path = path.item("organizations", index);
            self.organization(file, &path, entry);
        }
    }

    fn organization(
        &mut self,
        file: &'a str,
        path: &Path<'_>,
        spanned: &'a Spanned<OrganizationEntry>,
    ) {
        let entry = &spanned.value;
        let name = format!("organizations/{}", entry.id.as_str());
        let within = |collection: &str, id: &Text| format!("{name}/{collection}/{}", id.as_str());
        self.each(file, path, "contacts", &entry.contacts, |entry| {
            (within("contacts", &entry.id), &entry.said)
        });
        self.each(file, path, "entitlements", &entry.entitlements, |entry| {
            (within("entitlements", &entry.application), &entry.said)
        });
        self.each(file, path, "units", &entry.units, |entry| {
            (within("units", &entry.id), &entry.said)
        });
        self.each(file, path, "resources", &entry.resources, |entry| {
            (within("resources", &entry.id), &entry.said)
        });
        self.each(file, path, "custom_roles", &entry.custom_roles, |entry| {
            let role = RoleText {
                custom: true,
                application: entry.application.as_str(),
                role: entry.id.as_str(),
            };
            (role.name(&name), &entry.said)
        });
        self.each(file, path, "memberships", &entry.memberships, |entry| {
            let id = entry.user.get().unwrap_or(entry.service_account.as_str());
            (format!("{name}/memberships/{id}"), &entry.said)
        });
        for (index, membership) in entry.memberships.iter().enumerate() {
            let path = path.item("memberships", index);
            self.grants(file, &path, &name, &membership.value);
        }
        self.put(file, At::of(spanned), path, name, &entry.said);
    }

    fn grants(
        &mut self,
        file: &'a str,
        path: &Path<'_>,
        organization: &str,
        membership: &'a MembershipEntry,
    ) {
        self.each(file, path, "grants", &membership.grants, |entry| {
            let id = grant_id(membership, entry);
            (format!("{organization}/grants/{id}"), &entry.said)
        });
    }

    fn each<E>(
        &mut self,
        file: &'a str,
        path: &Path<'_>,
        key: &'static str,
        entries: &'a [Spanned<E>],
        read: impl Fn(&'a E) -> (String, &'a Vec<(&'static str, At)>),
    ) {
        for (index, entry) in entries.iter().enumerate() {
            let (name, said) = read(&entry.value);
            self.put(file, At::of(entry), &path.item(key, index), name, said);
        }
    }

    fn put(
        &mut self,
        file: &'a str,
        at: At,
        path: &Path<'_>,
        name: String,
        said: &'a [(&'static str, At)],
    ) {
        let path = path.to_string();
        self.names.insert(format!("{file} {path}"), name.clone());
        self.places.entry(name).or_insert(FactPosition {
            file,
            at,
            path,
            said,
        });
    }
}
