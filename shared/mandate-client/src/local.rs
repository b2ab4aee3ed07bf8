//! Answers that may be reused until the lease under which they were given ends.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use parking_lot::Mutex;

use crate::{decision::Decision, question::Question};

/// Number of answers in a set; answers with the same part of a hash compete for them.
const WAYS: usize = 8;

/// A bounded memory of answers. Times are since boot, on a clock that keeps running while the
/// machine is suspended.
pub(crate) struct Local {
    /// Keyed at random, so that an attacker cannot choose questions that compete.
    hasher: RandomState,
    sets: Box<[Mutex<Set>]>,
}

#[derive(Default)]
struct Set {
    entries: [Option<Entry>; WAYS],
    /// The position of the clock hand that evicts.
    hand: usize,
}

struct Entry {
    hash: u64,
    names: [Box<str>; 3],
    decision: Decision,
    /// The time since boot until which the answer may be reused.
    until: Duration,
    /// True if the answer was used since the hand passed it.
    used: bool,
}

impl Local {
    /// Makes room for this many answers, rounded up to a multiple of eight.
    pub(crate) fn new(entries: usize) -> Self {
        let sets = entries.div_ceil(WAYS).max(1);
        Self {
            hasher: RandomState::new(),
            sets: (0..sets).map(|_| Mutex::default()).collect(),
        }
    }

    /// Returns the answer to a question, if it may be reused at `now`.
    pub(crate) fn get(&self, question: &Question, now: Duration) -> Option<Decision> {
        let names = question.names();
        let hash = self.hasher.hash_one(names);
        let mut set = self.set(hash)?.lock();
        let entry = set.find(hash, names)?;
        // INVARIANT: never at the end of the lease or after it.
        if now >= entry.until {
            return None;
        }
        entry.used = true;
        Some(entry.decision.clone())
    }

    /// Keeps the answer to a question that was asked at `asked`, a time before it was sent.
    pub(crate) fn put(&self, question: &Question, decision: &Decision, asked: Duration) {
        let reusable = decision.reusable();
        let names = question.names();
        let hash = self.hasher.hash_one(names);
        let Some(set) = self.set(hash) else {
            return;
        };
        let mut set = set.lock();
        let until = asked.saturating_add(reusable);
        if let Some(entry) = set.find(hash, names) {
            // Answers of one lease may overtake each other. After the lease, revisions may be those
            // of a new epoch.
            if decision.revision() >= entry.decision.revision() || entry.until <= asked {
                entry.decision = decision.clone();
                entry.until = until;
            }
            return;
        }
        if reusable.is_zero() {
            return;
        }
        let entry = Entry {
            hash,
            names: names.map(Box::from),
            decision: decision.clone(),
            until,
            used: false,
        };
        set.insert(entry, asked);
    }

    fn set(&self, hash: u64) -> Option<&Mutex<Set>> {
        let count = u64::try_from(self.sets.len()).ok()?;
        self.sets.get(usize::try_from(hash % count).ok()?)
    }
}

impl Entry {
    fn is_of(&self, names: [&str; 3]) -> bool {
        let own = self.names.iter().map(|name| &**name);
        own.eq(names)
    }
}

impl Set {
    // INVARIANT: an answer that depended on a condition is not kept, so the context does not
    // matter.
    fn find(&mut self, hash: u64, names: [&str; 3]) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .flatten()
            // INVARIANT: the whole question is compared, because equal hashes do not mean equal
            // questions.
            .find(|entry| entry.hash == hash && entry.is_of(names))
    }

    /// Inserts into a free slot, or replaces an expired answer, or else the first answer that was
    /// not used since the hand passed it.
    fn insert(&mut self, entry: Entry, now: Duration) {
        let over = |place: &Option<Entry>| place.as_ref().is_none_or(|old| old.until <= now);
        if let Some(place) = self.entries.iter_mut().find(|place| over(place)) {
            *place = Some(entry);
            return;
        }
        for _ in 0..=WAYS {
            let hand = self.hand;
            self.hand = (hand + 1) % WAYS;
            let Some(place) = self.entries.get_mut(hand) else {
                return;
            };
            match place {
                Some(old) if old.used => old.used = false,
                _ => {
                    *place = Some(entry);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use api::entitlement::v1::{self, Effect};

    use super::*;

    fn decision(effect: Effect, revision: i64, reusable_ms: i32) -> Decision {
        Decision::new(v1::Decision {
            effect: effect.into(),
            revision,
            reusable_ms,
            ..v1::Decision::default()
        })
        .unwrap()
    }

    fn question(user: usize) -> Question {
        Question::new(format!("users/u{user}"), "a.b.c", "organizations/acme")
    }

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn k_s_an_answer_is_given_until_the_lease_ends_and_not_at_its_end() {
        let (local, asked) = (Local::new(8), Duration::from_secs(10));
        local.put(&question(1), &decision(Effect::Allow, 1, 400), asked);
        assert!(local.get(&question(1), asked + 399 * MILLI).is_some());
        assert!(local.get(&question(1), asked + 400 * MILLI).is_none());
        // Frequent use does not prolong its life.
        for at in 0..400 {
            assert!(local.get(&question(1), asked + at * MILLI).is_some());
        }
        assert!(local.get(&question(1), asked + 400 * MILLI).is_none());
    }

    #[test]
    fn k_s_what_may_not_be_given_again_is_not_kept() {
        let (local, asked) = (Local::new(8), Duration::from_secs(10));
        local.put(&question(1), &decision(Effect::Allow, 1, 0), asked);
        local.put(&question(2), &decision(Effect::Allow, 1, -5), asked);
        assert!(local.get(&question(1), asked).is_none());
        assert!(local.get(&question(2), asked).is_none());
    }

    #[test]
    fn an_older_answer_does_not_replace_a_newer_one() {
        let (local, asked) = (Local::new(8), Duration::from_secs(10));
        local.put(&question(1), &decision(Effect::Allow, 1, 400), asked);
        local.put(&question(1), &decision(Effect::Deny, 2, 0), asked);
        assert!(
            local.get(&question(1), asked).is_none(),
            "the allow is over"
        );
        local.put(&question(1), &decision(Effect::Deny, 3, 400), asked);
        local.put(&question(1), &decision(Effect::Allow, 1, 900), asked);
        assert!(!local.get(&question(1), asked).unwrap().is_allowed());
    }

    #[test]
    fn k_epoch_an_answer_that_is_over_hides_none_of_a_history_that_began_anew() {
        let (local, asked) = (Local::new(8), Duration::from_secs(10));
        local.put(&question(1), &decision(Effect::Allow, 90, 400), asked);
        let later = asked + 400 * MILLI;
        local.put(&question(1), &decision(Effect::Deny, 5, 400), later);
        assert!(!local.get(&question(1), later).unwrap().is_allowed());
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked() {
        let (local, asked) = (Local::new(64), Duration::from_secs(10));
        for user in 0..10_000 {
            local.put(&question(user), &decision(Effect::Allow, 1, 400), asked);
            local.put(&question(0), &decision(Effect::Allow, 1, 400), asked);
            local.get(&question(0), asked);
        }
        assert!(local.get(&question(0), asked).is_some());
        let kept = (0..10_000).filter(|user| local.get(&question(*user), asked).is_some());
        assert!(kept.count() <= 64);
    }

    #[test]
    fn k_q_answers_about_one_are_not_given_about_another() {
        let (local, asked) = (Local::new(8), Duration::from_secs(10));
        let (a, b) = (
            Question::new("users/a", "b.c.d", "organizations/x"),
            Question::new("users/ab", ".c.d", "organizations/x"),
        );
        local.put(&a, &decision(Effect::Allow, 1, 400), asked);
        assert!(local.get(&b, asked).is_none());
        let elsewhere = Question::new("users/a", "b.c.d", "organizations/y");
        assert!(local.get(&elsewhere, asked).is_none());
    }
}
