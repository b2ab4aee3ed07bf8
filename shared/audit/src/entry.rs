//! A call to be recorded, and its record.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    Audited,
    common::v1::{AuditName, AuditOutcome, AuditRecord},
};

use aws_lc_rs::digest;

use crate::{
    chain::Chain,
    person::{PersonKey, Unsealed, person_of},
};

/// The keys of persons, by the names of the persons.
pub type People = BTreeMap<String, PersonKey>;

/// A call to be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The id of the organization whose log it belongs to.
    pub organization: String,
    /// The method.
    pub method: String,
    /// The outcome.
    pub outcome: AuditOutcome,
    /// The reason of a refusal.
    pub reason: String,
    /// The caller.
    pub actor: String,
    /// The grant that permits the call.
    pub grant: String,
    /// The granter.
    pub granted_by: String,
    /// The names of the resources that were changed, read or requested, each with its subject, if
    /// known.
    pub resources: Vec<(String, String)>,
    /// The `request_id` of the request.
    pub request_id: String,
    /// The `x-request-id` of the call.
    pub call_id: String,
    /// The [`digest`] of the request; the record holds a digest of it.
    pub request: Vec<u8>,
    /// The number of entries that were not recorded.
    pub dropped: u64,
    /// The service that called on behalf of the actor; empty if the actor called.
    pub through: String,
}

/// Returns the names in a request or a response, in the form that an entry has.
pub fn named(message: &impl Audited) -> Vec<(String, String)> {
    let named = message.named().into_iter();
    named
        .map(|(name, subject)| match name {
            // A resource to be created has no name yet.
            "" => (subject.to_owned(), String::new()),
            _ => (name.to_owned(), subject.to_owned()),
        })
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// Returns a digest of a request: a queued entry must be small, and a request may be large.
pub fn digest(request: &impl Audited) -> Vec<u8> {
    let digest = digest::digest(&digest::SHA256, &request.encode_to_vec());
    digest.as_ref().to_vec()
}

/// Returns the name of a method, from its path.
pub fn method(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

impl Entry {
    /// Returns each name with its person, if it belongs to one: actor, grant, granter, and then the
    /// resources.
    fn names(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let resources = self.resources.iter();
        [
            (self.actor.as_str(), ""),
            (self.grant.as_str(), self.actor.as_str()),
            (self.granted_by.as_str(), ""),
        ]
        .into_iter()
        .chain(resources.map(|(name, subject)| (name.as_str(), subject.as_str())))
        .map(|(name, subject)| (name, person_of(name, subject)))
    }

    /// Returns the persons whose keys the record needs.
    pub fn people(&self) -> BTreeSet<&str> {
        self.names().filter_map(|(_, person)| person).collect()
    }

    /// Makes the record, at a time in milliseconds, with the keys of the [`people`](Self::people).
    ///
    /// # Errors
    /// [`Unsealed`] if a key is missing.
    pub fn record(
        &self,
        chain: &Chain,
        people: &People,
        time_ms: i64,
    ) -> Result<AuditRecord, Unsealed> {
        let mut names = self.names().map(|(name, person)| match person {
            Some(person) => people.get(person).ok_or(Unsealed)?.seal(name).map(Some),
            None if name.is_empty() => Ok(None),
            None => Ok(Some(AuditName {
                clear: name.to_owned(),
                ..AuditName::default()
            })),
        });
        let mut next = || names.next().transpose().map(Option::flatten);
        let (actor, grant, granted_by) = (next()?, next()?, next()?);
        let resources: Result<Vec<Option<AuditName>>, Unsealed> = names.collect();
        let about = self
            .resources
            .iter()
            .find_map(|(name, subject)| person_of(name, subject));
        let digest = match about.and_then(|person| people.get(person)) {
            _ if self.request.is_empty() => Vec::new(),
            Some(person) => person.digest(&self.request).to_vec(),
            None => chain.digest(&self.request).to_vec(),
        };
        Ok(AuditRecord {
            time_ms,
            organization: self.organization.clone(),
            method: self.method.clone(),
            outcome: self.outcome.into(),
            reason: self.reason.clone(),
            actor,
            grant,
            granted_by,
            resources: resources?.into_iter().flatten().collect(),
            request_id: self.request_id.clone(),
            call_id: self.call_id.clone(),
            request_digest: digest,
            dropped: i64::try_from(self.dropped).unwrap_or(i64::MAX),
            // Absent from the encoding if empty, so that older records keep their encoding.
            through: self.through.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tokens::Sealer;

    use super::*;

    #[test]
    fn j3_what_is_of_a_person_is_nowhere_in_the_record() {
        let entry = Entry {
            organization: "acme".to_owned(),
            actor: "users/jan".to_owned(),
            grant: "organizations/acme/grants/grant-of-jan".to_owned(),
            granted_by: "serviceAccounts/portal".to_owned(),
            resources: vec![
                (
                    "organizations/acme/grants/g1".to_owned(),
                    "users/an".to_owned(),
                ),
                ("organizations/acme/units/k1".to_owned(), String::new()),
            ],
            request: b"an@acme.example".to_vec(),
            ..Entry::default()
        };
        assert_eq!(Vec::from_iter(entry.people()), ["users/an", "users/jan"]);
        let chain = Chain::new(&Sealer::new(&vec![1; 32].into()), "entitlement");
        assert!(entry.record(&chain, &People::new(), 1).is_err());
        let people: People = ["users/an", "users/jan"]
            .map(|name| (name.to_owned(), PersonKey::random().unwrap()))
            .into();
        let record = entry.record(&chain, &people, 1).unwrap();
        assert_eq!(
            record.granted_by.as_ref().unwrap().clear,
            "serviceAccounts/portal"
        );
        assert_eq!(record.resources[1].clear, "organizations/acme/units/k1");
        let grant = people["users/jan"].open(&record.grant.as_ref().unwrap().sealed);
        assert_eq!(
            grant.as_deref(),
            Ok("organizations/acme/grants/grant-of-jan")
        );
        assert_eq!(
            record.request_digest,
            people["users/an"].digest(&entry.request)
        );
        let bytes = record.encode_to_vec();
        for personal in [
            "users/jan",
            "users/an",
            "grant-of-jan",
            "grants/g1",
            "an@acme",
        ] {
            let found = bytes
                .windows(personal.len())
                .any(|part| part == personal.as_bytes());
            assert!(!found, "{personal}");
        }
    }
}
