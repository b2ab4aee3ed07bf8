//! Collects problems, with the same wording everywhere.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
};

use types::{Id, ResourceId, UnitId};

use super::{Deferred, Reference, Validated, index::Index};
use crate::{
    document::{
        place::{At, Path, Problem},
        text::Text,
    },
    moment,
};

/// The states that a document may set on an organization and its entities.
pub(super) const STATE_WORDS: [&str; 2] = ["ACTIVE", "SUSPENDED"];

/// The first position of a key that must be unique.
pub(super) type FirstPosition<'a> = (&'a str, At);

/// Keys that must be unique, in all documents together or in a part of one.
#[derive(Debug)]
pub(super) struct UniqueKeys<'a, K>(HashMap<K, FirstPosition<'a>>);

impl<K> Default for UniqueKeys<'_, K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<'a, K: Hash + Eq> UniqueKeys<'a, K> {
    /// Records a key; returns the earlier position if it was recorded before.
    pub(super) fn say(&mut self, key: K, here: FirstPosition<'a>) -> Option<FirstPosition<'a>> {
        match self.0.entry(key) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(here);
                None
            }
        }
    }
}

/// Keys that must be unique in all documents together.
#[derive(Debug, Default)]
pub(super) struct UniqueInDocuments<'a> {
    /// Ids and aliases of applications.
    pub(super) applications: UniqueKeys<'a, &'a str>,
    /// Service accounts.
    pub(super) service_accounts: UniqueKeys<'a, &'a str>,
    /// Issuers and subjects.
    pub(super) identities: UniqueKeys<'a, (&'a str, &'a str)>,
    /// Users.
    pub(super) users: UniqueKeys<'a, &'a str>,
    /// Realms and logins.
    pub(super) logins: UniqueKeys<'a, (&'a str, &'a str)>,
    /// Organizations.
    pub(super) organizations: UniqueKeys<'a, &'a str>,
}

/// Keys that must be unique in an organization.
#[derive(Debug, Default)]
pub(super) struct UniqueInOrganization<'a> {
    /// Contacts.
    pub(super) contacts: UniqueKeys<'a, &'a str>,
    /// The primary representative.
    pub(super) primary: UniqueKeys<'a, ()>,
    /// Applications of entitlements.
    pub(super) entitlements: UniqueKeys<'a, &'a str>,
    /// Units.
    pub(super) units: UniqueKeys<'a, &'a str>,
    /// Resources.
    pub(super) resources: UniqueKeys<'a, &'a str>,
    /// Applications and custom roles.
    pub(super) custom_roles: UniqueKeys<'a, (&'a str, &'a str)>,
    /// Types and external ids of resources.
    pub(super) external_ids: UniqueKeys<'a, (&'a str, &'a str)>,
    /// Subjects, by name.
    pub(super) subjects: UniqueKeys<'a, String>,
    /// Grants.
    pub(super) grants: UniqueKeys<'a, String>,
}

/// A running validation.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub(super) index: &'a Index<'a>,
    pub(super) once: UniqueInDocuments<'a>,
    pub(super) file: &'a str,
    found: Validated,
}

impl<'a> Check<'a> {
    pub(super) fn new(index: &'a Index<'a>) -> Self {
        Self {
            index,
            once: UniqueInDocuments::default(),
            file: "",
            found: Validated::default(),
        }
    }

    pub(super) fn finish(self) -> Validated {
        self.found
    }

    pub(super) fn wrong(&mut self, at: At, path: &Path<'_>, message: impl Into<String>) {
        let problem = self.problem(at, path, message);
        self.found.problems.push(problem);
    }

    /// Records a problem that exists only if the server lacks the reference.
    pub(super) fn ask(&mut self, reference: Reference, at: At, path: &Path<'_>) {
        let problem = self.problem(at, path, reference.absent());
        self.found.deferred.push(Deferred { reference, problem });
    }

    /// Reports unknown keys.
    pub(super) fn keys(&mut self, unknown: &[Text], known: &[&str], path: &Path<'_>) {
        for key in unknown {
            let name = key.as_str();
            let message = format!("unknown key `{name}`; known are `{}`", known.join("`, `"));
            self.wrong(key.at(), path, message);
        }
    }

    /// Checks that there is a value.
    pub(super) fn required(&mut self, text: &Text, at: At, path: &Path<'_>) -> bool {
        let present = !text.as_str().is_empty();
        if !present {
            self.wrong(text.at().or(at), path, "must be set");
        }
        present
    }

    /// Checks that there is an id, and that it follows the grammar.
    pub(super) fn id<I: Id>(&mut self, text: &Text, at: At, path: &Path<'_>) -> bool {
        if !self.required(text, at, path) {
            return false;
        }
        match I::parse(text.as_str()) {
            Ok(_) => true,
            Err(error) => {
                self.wrong(text.at(), path, error.to_string());
                false
            }
        }
    }

    /// Checks that the value, if there is one, is one of these words.
    pub(super) fn word(&mut self, text: &Text, words: &[&str], path: &Path<'_>) {
        if let Some(word) = text.get()
            && !words.contains(&word)
        {
            let message = format!("`{word}` is not one of `{}`", words.join("`, `"));
            self.wrong(text.at(), path, message);
        }
    }

    /// Checks that both values are times, and that the first is earlier.
    pub(super) fn period(&mut self, start: &Text, end: &Text, path: &Path<'_>) {
        let from = self.moment(start, &path.key("start_time"));
        let until = self.moment(end, &path.key("end_time"));
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            let message = format!("must be later than `start_time`, `{}`", start.as_str());
            self.wrong(end.at(), &path.key("end_time"), message);
        }
    }

    /// Reports a key that was recorded before.
    pub(super) fn twice(
        &mut self,
        first: Option<FirstPosition<'a>>,
        what: &str,
        at: At,
        path: &Path<'_>,
    ) {
        if let Some((file, first)) = first {
            let message = format!(
                "{what} is already at {file}:{}:{}",
                first.line, first.column
            );
            self.wrong(at, path, message);
        }
    }

    /// Checks a reference to a unit, of the documents or of the server.
    pub(super) fn unit_reference(
        &mut self,
        organization: &str,
        unit: &Text,
        at: At,
        path: &Path<'_>,
    ) {
        if !self.id::<UnitId>(unit, at, path) {
            return;
        }
        let tree = self.index.organizations.get(organization);
        if !tree.is_some_and(|tree| tree.units.contains_key(unit.as_str())) {
            let reference = Reference::Unit {
                organization: organization.to_owned(),
                unit: unit.as_str().to_owned(),
            };
            self.ask(reference, unit.at(), path);
        }
    }

    /// Checks a reference to a resource, of the documents or of the server.
    pub(super) fn resource_reference(
        &mut self,
        organization: &str,
        resource: &Text,
        at: At,
        path: &Path<'_>,
    ) {
        if !self.required(resource, at, path) {
            return;
        }
        let id = resource.as_str();
        let tree = self.index.organizations.get(organization);
        if tree.is_some_and(|tree| tree.resources.contains(id)) {
            return;
        }
        let reference = Reference::Resource {
            organization: organization.to_owned(),
            resource: id.to_owned(),
        };
        if ResourceId::is_valid(id) {
            self.ask(reference, resource.at(), path);
        } else {
            self.wrong(resource.at(), path, reference.absent());
        }
    }

    fn moment(&mut self, text: &Text, path: &Path<'_>) -> Option<i128> {
        let value = text.get()?;
        let moment = moment::parse(value);
        if moment.is_none() {
            let message = format!("`{value}` is not a time such as `2026-01-31T09:00:00Z`");
            self.wrong(text.at(), path, message);
        }
        moment.map(time::OffsetDateTime::unix_timestamp_nanos)
    }

    fn problem(&self, at: At, path: &Path<'_>, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.to_owned(),
            at,
            path: path.to_string(),
            message: message.into(),
        }
    }
}
