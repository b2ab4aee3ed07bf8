//! The facts in memory, all of one revision.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use api::entitlement::v1::Application;
use authority::Account;
use base::{Id, Millis, OidcIdentity, OrganizationId};
use entitlement_core as core;
use entitlement_core::{Catalog, Map, Member, Organization, Subject, Target};
use freshness::Journal;

use seal::Source;
use store::Cursor;

use super::{Piece, catalogs::Declared};
use crate::store::cursors::FeedCursor;

/// What a key proves.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) account: Arc<Account>,
    /// Empty, which is the hash of nothing, where tokens are the proof.
    pub(crate) secret_sha256: Box<[u8]>,
    pub(crate) expire: Millis,
    /// Whose tokens are the proof, if any are.
    pub(super) oidc: Option<Box<str>>,
}

/// Where in an organization a question is asked, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    Organization,
    Unit(&'a str),
    Resource(&'a str),
}

impl<'a> Place<'a> {
    /// The id of the resource, if it is one.
    pub(crate) fn resource(self) -> Option<&'a str> {
        match self {
            Self::Resource(id) => Some(id),
            Self::Organization | Self::Unit(_) => None,
        }
    }
}

/// An organization in memory.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// None if there is no such organization.
    pub(super) organization: Option<Organization>,
    /// Members, and subjects that are known to be none.
    pub(super) members: Map<Box<str>, Option<Member>>,
    /// Whether a subject that is not in `members` is none.
    pub(super) all_members: bool,
    /// Whether a resource that is not in the tree does not exist.
    pub(super) all_resources: bool,
    /// The tick of the last question about it.
    pub(super) used: AtomicU64,
    /// About how many bytes it takes.
    pub(super) weight: usize,
}

/// The facts in memory. What is absent is not known, which is another thing than known not to
/// exist.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// How far the log was read that all of it is of; at the start before anything was read.
    pub(super) cursor: Cursor,
    /// How far the feeds have been applied then.
    pub(super) feeds: [FeedCursor; 2],
    pub(super) declared: Option<Arc<Declared>>,
    /// All keys there are: whoever presents what is none costs no read.
    pub(super) keys: Map<Box<str>, Key>,
    /// The ids of those that tokens are the proof of, by whose they are.
    pub(super) identities: Map<Box<str>, Box<str>>,
    pub(super) subjects: Map<Box<str>, Option<Subject>>,
    pub(super) organizations: Map<Box<str>, Entry>,
    pub(super) tick: u64,
    /// The last changes, also of what is not in memory.
    pub(super) journal: Journal,
}

impl World {
    /// The last changes up to the revision.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The revision that every answer from here is given at.
    pub(crate) fn revision(&self) -> i64 {
        self.cursor.position
    }

    /// How far the log of a service is known here.
    pub(crate) fn known(&self, source: Source) -> Cursor {
        let [identity, membership] = &self.feeds;
        match source {
            Source::Identity => identity.cursor,
            Source::Membership => membership.cursor,
            Source::Entitlement => self.cursor,
        }
    }

    /// The catalogue.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn catalog(&self) -> Result<&Catalog, Vec<Piece>> {
        let declared = self.declared.as_ref();
        let catalog = declared.map(|declared| &declared.catalog);
        catalog.ok_or_else(|| vec![Piece::Catalog])
    }

    /// An application as it was declared.
    pub(crate) fn application(&self, id: &str) -> Option<&Application> {
        self.declared.as_ref()?.applications.get(id)
    }

    /// What a key proves, if there is one of that id.
    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    /// What the tokens of an identity prove, if anything.
    pub(crate) fn key_of(&self, identity: &OidcIdentity) -> Option<&Key> {
        self.key(self.identities.get(identity.as_str())?)
    }

    /// A user or service account, if there is one of that name.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn subject(&self, name: &str) -> Result<Option<&Subject>, Vec<Piece>> {
        let known = self.subjects.get(name).map(Option::as_ref);
        known.ok_or_else(|| vec![Piece::Subject(name.into())])
    }

    /// The roles that there are in an organization.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn roles(
        &self,
        organization: &OrganizationId,
    ) -> Result<core::Roles<'_>, Vec<Piece>> {
        let own = self.entry(organization)?.organization.as_ref();
        Ok(core::Roles {
            catalog: self.catalog()?,
            own: own.map(|organization| &organization.roles),
        })
    }

    /// The facts about a subject in an organization.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn facts(
        &self,
        subject: &str,
        organization: &OrganizationId,
    ) -> Result<core::Facts<'_>, Vec<Piece>> {
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

    /// A place as a target.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn target(
        &self,
        organization: &OrganizationId,
        place: Place<'_>,
    ) -> Result<Target, Vec<Piece>> {
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
            None => Err(vec![Piece::Resource(organization.clone(), id.into())]),
        }
    }

    /// Whether all resources of an organization are in memory.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn holds_resources(
        &self,
        organization: &OrganizationId,
    ) -> Result<bool, Vec<Piece>> {
        Ok(self.entry(organization)?.all_resources)
    }

    /// All members of an organization, in no order; none if they are too many for memory.
    ///
    /// # Errors
    /// What is to be loaded first.
    pub(crate) fn members(
        &self,
        organization: &OrganizationId,
    ) -> Result<Option<impl Iterator<Item = &str>>, Vec<Piece>> {
        let entry = self.entry(organization)?;
        let members = entry.members.iter().filter(|(_, member)| member.is_some());
        let all = entry.all_members || entry.organization.is_none();
        Ok(all.then(|| members.map(|(subject, _)| &**subject)))
    }

    fn entry(&self, organization: &OrganizationId) -> Result<&Entry, Vec<Piece>> {
        let entry = self
            .organizations
            .get(organization.as_str())
            .ok_or_else(|| vec![Piece::Organization(organization.clone())])?;
        // Written only when it differs: a hot organization's line stays shared between cores.
        if entry.used.load(Ordering::Relaxed) != self.tick {
            entry.used.store(self.tick, Ordering::Relaxed);
        }
        Ok(entry)
    }
}

impl Entry {
    fn member(
        &self,
        organization: &OrganizationId,
        subject: &str,
    ) -> Result<Option<&Member>, Piece> {
        match self.members.get(subject) {
            Some(known) => Ok(known.as_ref()),
            None if self.all_members || self.organization.is_none() => Ok(None),
            None => Err(Piece::Member(organization.clone(), subject.into())),
        }
    }
}
