//! The facts in memory, all at one revision.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use api::entitlement::v1::Application;
use authz::Account;
use entitlement_core as core;
use entitlement_core::{Catalog, Map, Member, Organization, Subject, Target};
use freshness::Journal;
use types::{Id, OidcIdentity, OrganizationId, UnixTime};

use store::Cursor;
use tokens::Source;

use super::{FactKey, catalog_cache::Declared};
use crate::store::cursors::FeedCursor;

/// A credential of a service account.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) account: Arc<Account>,
    /// Empty for a token identity; no digest equals it.
    pub(crate) secret_sha256: Box<[u8]>,
    pub(crate) expire: UnixTime,
    /// The token identity that proves the key, if it is not a secret.
    pub(super) oidc: Option<Box<str>>,
}

/// A location in an organization, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    Organization,
    Unit(&'a str),
    Resource(&'a str),
}

impl<'a> Place<'a> {
    /// Returns the id if the location is a resource.
    pub(crate) fn resource(self) -> Option<&'a str> {
        match self {
            Self::Resource(id) => Some(id),
            Self::Organization | Self::Unit(_) => None,
        }
    }
}

/// An organization in memory.
#[derive(Debug, Default)]
pub(super) struct OrganizationEntry {
    /// None if the organization does not exist.
    pub(super) organization: Option<Organization>,
    /// Members; `None` for a subject known not to be a member.
    pub(super) members: Map<Box<str>, Option<Member>>,
    /// True if a subject missing in `members` is known not to be a member.
    pub(super) all_members: bool,
    /// True if a resource missing in the tree is known not to exist.
    pub(super) all_resources: bool,
    /// Tick of the last query.
    pub(super) used: AtomicU64,
    /// Approximate size in bytes.
    pub(super) weight: usize,
}

/// The facts in memory. A missing fact is unknown, which is not the same as known not to exist.
#[derive(Debug, Default)]
pub(crate) struct FactSnapshot {
    /// Position in the log that all facts reflect; the start before the first read.
    pub(super) cursor: Cursor,
    /// Positions of the feeds at that time.
    pub(super) feeds: [FeedCursor; 2],
    pub(super) declared: Option<Arc<Declared>>,
    /// All keys that exist: an unknown key costs no read.
    pub(super) keys: Map<Box<str>, Key>,
    /// Ids of the keys that token identities prove, by identity.
    pub(super) identities: Map<Box<str>, Box<str>>,
    pub(super) subjects: Map<Box<str>, Option<Subject>>,
    pub(super) organizations: Map<Box<str>, OrganizationEntry>,
    pub(super) tick: u64,
    /// Recent changes, including changes of facts that are not in memory.
    pub(super) journal: Journal,
}

impl FactSnapshot {
    /// Returns the recent changes up to the revision.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns the revision of every answer from this snapshot.
    pub(crate) fn revision(&self) -> i64 {
        self.cursor.position
    }

    /// Returns the position in the log of a service up to which its facts are known.
    pub(crate) fn known(&self, source: Source) -> Cursor {
        let [identity, membership] = &self.feeds;
        match source {
            Source::Identity => identity.cursor,
            Source::Membership => membership.cursor,
            Source::Entitlement => self.cursor,
        }
    }

    /// Returns the catalog.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn catalog(&self) -> Result<&Catalog, Vec<FactKey>> {
        let declared = self.declared.as_ref();
        let catalog = declared.map(|declared| &declared.catalog);
        catalog.ok_or_else(|| vec![FactKey::Catalog])
    }

    /// Returns an application as declared.
    pub(crate) fn application(&self, id: &str) -> Option<&Application> {
        self.declared.as_ref()?.applications.get(id)
    }

    /// Returns the key with an id.
    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    /// Returns the key that a token identity proves.
    pub(crate) fn key_of(&self, identity: &OidcIdentity) -> Option<&Key> {
        self.key(self.identities.get(identity.as_str())?)
    }

    /// Returns a user or service account, if it exists.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn subject(&self, name: &str) -> Result<Option<&Subject>, Vec<FactKey>> {
        let known = self.subjects.get(name).map(Option::as_ref);
        known.ok_or_else(|| vec![FactKey::Subject(name.into())])
    }

    /// Returns the roles available in an organization.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn roles(
        &self,
        organization: &OrganizationId,
    ) -> Result<core::Roles<'_>, Vec<FactKey>> {
        let own = self.entry(organization)?.organization.as_ref();
        Ok(core::Roles {
            catalog: self.catalog()?,
            own: own.map(|organization| &organization.roles),
        })
    }

    /// Returns the facts about a subject in an organization.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn facts(
        &self,
        subject: &str,
        organization: &OrganizationId,
    ) -> Result<core::Facts<'_>, Vec<FactKey>> {
        let catalog = self.catalog();
        let known_subject = self.subject(subject);
        let entry = self.entry(organization);
        let member = entry.as_ref().map_or(Ok(None), |entry| {
            entry
                .member(organization, subject)
                .map_err(|piece| vec![piece])
        });
        match (catalog, known_subject, entry, member) {
            (Ok(catalog), Ok(subject), Ok(entry), Ok(member)) => Ok(core::Facts {
                catalog,
                subject,
                organization: entry.organization.as_ref(),
                member,
            }),
            (catalog, subject, entry, member) => {
                Err([catalog.err(), subject.err(), entry.err(), member.err()]
                    .into_iter()
                    .flatten()
                    .flatten()
                    .collect())
            }
        }
    }

    /// Resolves a location to a target.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn target(
        &self,
        organization: &OrganizationId,
        place: Place<'_>,
    ) -> Result<Target, Vec<FactKey>> {
        let id = match place {
            Place::Organization => return Ok(Target::Organization),
            Place::Unit(id) | Place::Resource(id) => id,
        };
        let entry = self.entry(organization)?;
        let Some(facts) = &entry.organization else {
            return Ok(Target::Missing);
        };
        if matches!(place, Place::Unit(_)) {
            return Ok(facts.tree.unit_target(id));
        }
        match facts.tree.resource_target(id) {
            Some(target) => Ok(target),
            None if entry.all_resources => Ok(Target::Missing),
            None => Err(vec![FactKey::Resource(organization.clone(), id.into())]),
        }
    }

    /// True if all resources of an organization are in memory.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn holds_resources(
        &self,
        organization: &OrganizationId,
    ) -> Result<bool, Vec<FactKey>> {
        Ok(self.entry(organization)?.all_resources)
    }

    /// Returns all members of an organization, unordered; `None` if they are too many for memory.
    ///
    /// # Errors
    /// Fact keys to load first.
    pub(crate) fn members(
        &self,
        organization: &OrganizationId,
    ) -> Result<Option<impl Iterator<Item = &str>>, Vec<FactKey>> {
        let entry = self.entry(organization)?;
        let members = entry.members.iter().filter(|(_, member)| member.is_some());
        let all = entry.all_members || entry.organization.is_none();
        Ok(all.then(|| members.map(|(subject, _)| &**subject)))
    }

    fn entry(&self, organization: &OrganizationId) -> Result<&OrganizationEntry, Vec<FactKey>> {
        let entry = self
            .organizations
            .get(organization.as_str())
            .ok_or_else(|| vec![FactKey::Organization(organization.clone())])?;
        // Written only when it differs, so that the cache line of a hot organization stays shared
        // between cores.
        if entry.used.load(Ordering::Relaxed) != self.tick {
            entry.used.store(self.tick, Ordering::Relaxed);
        }
        Ok(entry)
    }
}

impl OrganizationEntry {
    fn member(
        &self,
        organization: &OrganizationId,
        subject: &str,
    ) -> Result<Option<&Member>, FactKey> {
        match self.members.get(subject) {
            Some(known) => Ok(known.as_ref()),
            None if self.all_members || self.organization.is_none() => Ok(None),
            None => Err(FactKey::Member(organization.clone(), subject.into())),
        }
    }
}
