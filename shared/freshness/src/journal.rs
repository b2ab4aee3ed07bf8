use std::collections::{HashMap, VecDeque};

use types::{Epoch, Id, OrganizationId};

use crate::{At, revisions::Revisions};

/// Number of changes that are kept for one organization, and for subjects across organizations. An
/// older dependency of an answer is unknown, so the answer is computed again.
const MAX_RECENT_CHANGES: usize = 64;
/// Maximum number of organizations whose changes are kept.
const MAX_ORGANIZATIONS: usize = 4096;

/// A change that a commit made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// The catalog, which all organizations share.
    Catalog,
    /// A user or service account, by name.
    Subject(&'a str),
    /// Facts that all members of an organization share.
    Organization(&'a OrganizationId),
    /// A subject in an organization.
    Member(&'a OrganizationId, &'a str),
    /// A resource of an organization, by id.
    Resource(&'a OrganizationId, &'a str),
}

/// The last changes of all organizations in one history, in bounded memory.
///
/// INVARIANT: every change above the floor of an organization is in here.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    at: At,
    floor: i64,
    catalog: i64,
    subjects: Recent,
    organizations: HashMap<Box<str>, Organization>,
}

#[derive(Debug, Clone, Default)]
struct Organization {
    shared: i64,
    last: i64,
    recent: Recent,
}

/// Names with the revisions of their last changes, oldest first.
#[derive(Debug, Clone, Default)]
struct Recent {
    floor: i64,
    changes: VecDeque<(Box<str>, i64)>,
}

impl Journal {
    /// Returns a journal that knows nothing of changes up to and including `floor`.
    pub fn since(epoch: Epoch, floor: i64) -> Self {
        Self {
            at: At {
                epoch,
                revision: floor,
            },
            floor,
            ..Self::default()
        }
    }

    /// Returns the epoch of the changes.
    pub fn epoch(&self) -> Epoch {
        self.at.epoch
    }

    /// Returns the revision up to which all changes are recorded.
    pub fn revision(&self) -> i64 {
        self.at.revision
    }

    /// Returns the revision up to which all changes are recorded, with its epoch.
    pub fn at(&self) -> At {
        self.at
    }

    /// Records that all changes up to a revision are known. In a later epoch all earlier records
    /// stay true; a process that finds another history starts a new journal.
    pub fn advance(&mut self, at: At) {
        self.at = self.at.max(at);
    }

    /// Records a change. Changes come in the order of their revisions.
    pub fn note(&mut self, change: Change<'_>, at: i64) {
        match change {
            Change::Catalog => self.catalog = at,
            Change::Subject(name) => self.subjects.note(name, at),
            Change::Organization(organization) => self.organization(organization, at).shared = at,
            Change::Member(organization, subject) => {
                self.organization(organization, at).recent.note(subject, at);
            }
            Change::Resource(organization, id) => {
                let name = format!("resources/{id}");
                self.organization(organization, at).recent.note(&name, at);
            }
        }
    }

    /// Returns the known changes in an organization.
    pub fn revisions(&self, organization: &OrganizationId) -> Revisions {
        let own = self.organizations.get(organization.as_str());
        let floor = self.floor_of(own);
        let shared = self.catalog.max(own.map_or(0, |own| own.shared));
        Revisions {
            at: self.at,
            expire_ms: 0,
            floor,
            shared,
            feed_behind: false,
            changed: self.changed(own, floor.max(shared)),
        }
    }

    /// Returns the last changes above a revision, by name. A subject may have changed in the
    /// organization and wherever it is a member: the later change counts.
    fn changed(&self, own: Option<&Organization>, above: i64) -> Vec<(Box<str>, i64)> {
        let own = own.into_iter().flat_map(|own| &own.recent.changes);
        let all = own.chain(&self.subjects.changes);
        let mut changed: Vec<_> = all.filter(|(_, at)| *at > above).collect();
        changed.sort_unstable_by(|(name, at), (other, later)| name.cmp(other).then(later.cmp(at)));
        changed.dedup_by(|(name, _), (kept, _)| name == kept);
        changed.into_iter().cloned().collect()
    }

    /// Same as [`Revisions::is_current`] of [`Journal::revisions`], without building the latter.
    pub fn is_current(
        &self,
        organization: &OrganizationId,
        answered: At,
        subject: &str,
        place: &str,
    ) -> bool {
        let own = self.organizations.get(organization.as_str());
        let At { revision, .. } = answered;
        let unchanged = |recent: &Recent| {
            let mut after = recent.changes.iter().rev();
            !after
                .by_ref()
                .take_while(|(_, at)| *at > revision)
                .any(|(name, _)| **name == *subject || **name == *place)
        };
        answered.is_known_at(self.at)
            && revision >= self.floor_of(own)
            && revision >= self.catalog
            && own.is_none_or(|own| revision >= own.shared && unchanged(&own.recent))
            && unchanged(&self.subjects)
    }

    /// True if any dependency of answers about an organization has changed since, or is not known.
    pub fn has_changed_since(&self, organization: &OrganizationId, answered: At) -> bool {
        let own = self.organizations.get(organization.as_str());
        let last = self.subjects.changes.back().map_or(0, |(_, at)| *at);
        let At { revision, .. } = answered;
        !answered.is_known_at(self.at)
            || revision < self.floor_of(own)
            || revision < self.catalog.max(last).max(own.map_or(0, |own| own.last))
    }

    fn floor_of(&self, own: Option<&Organization>) -> i64 {
        let own = own.map_or(0, |own| own.recent.floor);
        self.floor.max(self.subjects.floor).max(own)
    }

    fn organization(&mut self, id: &OrganizationId, at: i64) -> &mut Organization {
        if self.organizations.len() >= MAX_ORGANIZATIONS
            && !self.organizations.contains_key(id.as_str())
        {
            self.drop_oldest_half();
        }
        let own = self.organizations.entry(id.as_str().into()).or_default();
        own.last = at;
        own
    }

    /// Drops the organizations with the oldest last changes, and raises the floor accordingly.
    fn drop_oldest_half(&mut self) {
        let mut last: Vec<i64> = self.organizations.values().map(|own| own.last).collect();
        let middle = last.len() / 2;
        let (_, middle, _) = last.select_nth_unstable(middle);
        let middle = *middle;
        self.organizations.retain(|_, own| own.last > middle);
        self.floor = self.floor.max(middle);
    }
}

impl Recent {
    fn note(&mut self, name: &str, at: i64) {
        self.changes.retain(|(other, _)| **other != *name);
        if self.changes.len() >= MAX_RECENT_CHANGES
            && let Some((_, oldest)) = self.changes.pop_front()
        {
            self.floor = oldest;
        }
        self.changes.push_back((name.into(), at));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EPOCH: Epoch = Epoch(1_876_954_112_000_123_456);

    fn at(revision: i64) -> At {
        At {
            epoch: EPOCH,
            revision,
        }
    }

    fn organization(number: usize) -> OrganizationId {
        OrganizationId::parse(&format!("o{number}")).unwrap()
    }

    /// Records a change given by numbers: its kind, its organization, its subject or resource.
    fn note(journal: &mut Journal, (kind, of, which): (u8, usize, usize), at: i64) {
        let (id, user, resource) = (
            organization(of),
            format!("users/u{which}"),
            format!("r{which}"),
        );
        let change = match kind {
            0 => Change::Catalog,
            1 => Change::Subject(&user),
            2 => Change::Organization(&id),
            3..=5 => Change::Member(&id, &user),
            _ => Change::Resource(&id, &resource),
        };
        journal.note(change, at);
        journal.advance(self::at(at));
    }

    /// Returns the last change that affects an answer about a user and a resource in an
    /// organization.
    fn last(changes: &[(u8, usize, usize)], of: usize, user: usize, resource: usize) -> i64 {
        let matters = |(kind, org, which): &(u8, usize, usize)| match kind {
            0 => true,
            1 => *which == user,
            2 => *org == of,
            3..=5 => *org == of && *which == user,
            _ => *org == of && *which == resource,
        };
        let at = changes.iter().rposition(matters);
        at.map_or(0, |at| i64::try_from(at).unwrap() + 1)
    }

    proptest! {
        /// An answer that a later change has overtaken never passes, however much was dropped; and
        /// both forms of the rule agree.
        #[test]
        fn what_passes_is_current(
            changes in prop::collection::vec((0u8..8, 0usize..3, 0usize..90), 1..400),
            asked in prop::collection::vec((0usize..3, 0usize..90, 0usize..90, 0usize..400), 20),
        ) {
            let mut journal = Journal::since(EPOCH, 0);
            for (at, change) in changes.iter().enumerate() {
                note(&mut journal, *change, i64::try_from(at).unwrap() + 1);
            }
            for (of, user, resource, answered) in asked {
                let answered = at(i64::try_from(answered).unwrap());
                let (user_name, place) = (format!("users/u{user}"), format!("resources/r{resource}"));
                let id = organization(of);
                let current = journal.is_current(&id, answered, &user_name, &place);
                let revisions = journal.revisions(&id);
                prop_assert_eq!(current, revisions.is_current(answered, &user_name, &place));
                let elsewhere = At { epoch: Epoch(EPOCH.0 + 1), ..answered };
                prop_assert!(!journal.is_current(&id, elsewhere, &user_name, &place));
                if current {
                    let end = i64::try_from(changes.len()).unwrap();
                    let last = last(&changes, of, user, resource);
                    prop_assert!((last..=end).contains(&answered.revision));
                } else {
                    prop_assert!(journal.has_changed_since(&id, answered));
                }
            }
        }
    }

    #[test]
    fn one_pair_a_name_with_the_later_of_its_changes() {
        let id = organization(1);
        let (jan, here) = (
            Change::Subject("users/jan"),
            Change::Member(&id, "users/jan"),
        );
        for (first, second) in [(jan, here), (here, jan)] {
            let mut journal = Journal::since(EPOCH, 10);
            journal.note(first, 11);
            journal.note(Change::Member(&id, "users/eva"), 12);
            journal.note(second, 13);
            journal.advance(at(13));
            let changed = journal.revisions(&id).changed;
            let eva = ("users/eva".into(), 12);
            assert_eq!(changed, [eva, ("users/jan".into(), 13)]);
        }
    }

    #[test]
    fn a_change_of_one_user_leaves_the_answers_about_others() {
        let mut journal = Journal::since(EPOCH, 10);
        let id = organization(1);
        journal.note(Change::Member(&id, "users/jan"), 11);
        journal.advance(at(11));
        assert!(!journal.is_current(&id, at(10), "users/jan", ""));
        assert!(journal.is_current(&id, at(10), "users/eva", ""));
        assert!(!journal.is_current(&id, at(9), "users/eva", ""));
    }

    #[test]
    fn k_epoch_what_is_beyond_the_journal_is_not_known() {
        let (mut journal, id) = (Journal::since(EPOCH, 10), organization(1));
        assert!(!journal.is_current(&id, at(11), "users/jan", ""));
        assert!(journal.has_changed_since(&id, at(11)));
        journal.advance(at(11));
        assert!(journal.is_current(&id, at(11), "users/jan", ""));
        assert!(!journal.has_changed_since(&id, at(11)));
    }

    #[test]
    fn k_epoch_what_was_noted_stays_true_in_a_later_epoch() {
        let (mut journal, id) = (Journal::since(EPOCH, 10), organization(1));
        journal.note(Change::Member(&id, "users/jan"), 11);
        let later = |revision| At {
            epoch: Epoch(EPOCH.0 + 1),
            revision,
        };
        journal.advance(later(12));
        assert!(journal.is_current(&id, later(11), "users/jan", ""));
        assert!(!journal.is_current(&id, later(10), "users/jan", ""));
        assert!(!journal.is_current(&id, at(12), "users/jan", ""));
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_unknown() {
        let mut journal = Journal::since(EPOCH, 0);
        for number in 0..3 * MAX_ORGANIZATIONS {
            let revision = i64::try_from(number).unwrap() + 1;
            journal.note(Change::Organization(&organization(number)), revision);
            journal.advance(at(revision));
        }
        assert!(journal.organizations.len() <= MAX_ORGANIZATIONS);
        assert!(!journal.is_current(&organization(0), at(1), "users/jan", ""));
        let last = organization(3 * MAX_ORGANIZATIONS - 1);
        let end = i64::try_from(3 * MAX_ORGANIZATIONS).unwrap();
        assert!(journal.is_current(&last, at(end), "users/jan", ""));
    }
}
