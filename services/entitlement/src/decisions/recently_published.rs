//! Recently published decisions, so that a hot answer is not published every time.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use foldhash::fast::RandomState;
use freshness::{At, Question};
use parking_lot::Mutex;

use super::redis_clock::MAX_TTL;

/// Capacity: sets of four queries, selected by hash.
const SETS: usize = 8192;
const WAYS: usize = 4;

/// A bounded memory of published decisions. A forgotten decision is published once more.
pub(super) struct RecentlyPublished {
    hasher: RandomState,
    sets: Box<[Mutex<[Slot; WAYS]>]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Hash of the query. Two queries collide at worst once in 2⁶⁴, which costs a reader one call.
    hash: u64,
    /// The revision at which the published decision was made.
    at: At,
    /// The last revision at which the decision was found current.
    seen: At,
    /// Time to publish it again, before it could expire.
    should_publish: Option<Instant>,
}

impl Default for RecentlyPublished {
    fn default() -> Self {
        Self {
            hasher: RandomState::default(),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl RecentlyPublished {
    /// Returns a ticket if a decision at a revision should be published now. It then counts as
    /// published, unless the ticket is dropped unused. `still_serves` returns true if a decision
    /// published at another revision is still current.
    pub(super) fn should_publish(
        self: &Arc<Self>,
        question: &Question<'_>,
        at: At,
        still_serves: impl FnOnce(At) -> bool,
    ) -> Option<PublishReceipt> {
        let hash = self.hash(question);
        let now = Instant::now();
        let mut set = self.set(hash)?.lock();
        let known = set.iter_mut().find(|slot| {
            slot.hash == hash
                && slot
                    .should_publish
                    .is_some_and(|should_publish| now < should_publish)
        });
        if let Some(slot) = known
            && (slot.seen == at || still_serves(slot.at))
        {
            slot.seen = at;
            return None;
        }
        // Replace the slot of the same query, else the one that is due first.
        let place = set
            .iter_mut()
            .min_by_key(|slot| (slot.hash != hash, slot.should_publish));
        if let Some(place) = place {
            *place = Slot {
                hash,
                at,
                seen: at,
                should_publish: Some(now + MAX_TTL / 2),
            };
        }
        Some(PublishReceipt {
            sent: self.clone(),
            hash,
            used: false,
        })
    }

    fn hash(&self, question: &Question<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        question.organization.hash(&mut hasher);
        question.subject.hash(&mut hasher);
        question.permission.hash(&mut hasher);
        question.place.hash(&mut hasher);
        hasher.finish()
    }

    fn set(&self, hash: u64) -> Option<&Mutex<[Slot; WAYS]>> {
        let index = usize::try_from(hash % SETS as u64).ok()?;
        self.sets.get(index)
    }
}

/// A pending publication. If dropped before the decision has arrived, for whatever reason, the
/// decision counts as not published.
pub(super) struct PublishReceipt {
    sent: Arc<RecentlyPublished>,
    hash: u64,
    used: bool,
}

impl PublishReceipt {
    /// Marks the decision as arrived.
    pub(super) fn arrived(mut self) {
        self.used = true;
    }
}

impl Drop for PublishReceipt {
    fn drop(&mut self) {
        if !self.used
            && let Some(set) = self.sent.set(self.hash)
        {
            let mut set = set.lock();
            for slot in set.iter_mut().filter(|slot| slot.hash == self.hash) {
                *slot = Slot::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{Epoch, Id, OrganizationId};

    use super::*;

    #[test]
    fn an_answer_is_shared_once_until_it_no_longer_serves() {
        let (sent, organization) = (
            Arc::<RecentlyPublished>::default(),
            OrganizationId::parse("acme").unwrap(),
        );
        let question = |subject| Question {
            organization: &organization,
            subject,
            permission: "fleet.billing.view",
            place: "",
        };
        let (jan, eva) = (question("users/jan"), question("users/eva"));
        let at = |revision| At {
            epoch: Epoch(7),
            revision,
        };
        let share = |question, revision, serves| {
            let ticket = sent.should_publish(question, at(revision), |_| serves);
            ticket.map(PublishReceipt::arrived).is_some()
        };
        assert!(share(&jan, 1, true));
        assert!(
            sent.should_publish(&jan, at(1), |_| panic!("of the same revision"))
                .is_none()
        );
        assert!(!share(&jan, 2, true));
        assert!(share(&eva, 2, true), "another question");
        assert!(share(&jan, 3, false), "overtaken by a change");
        assert!(!share(&jan, 3, false));
        drop(sent.should_publish(&jan, at(4), |_| false));
        assert!(share(&jan, 4, true), "it did not arrive");
    }
}
