//! Redis: its content, and the one script that writes to it.

use std::collections::BTreeSet;

use freshness::At;
use types::Epoch;

use crate::{
    log::Log,
    rules::{Rule, Rules},
};

/// A life whose end is beyond every scene.
const FAR: u8 = 99;

/// Redis, for one organization and one question, and the puts in flight to it.
///
/// A put may arrive late, never, more than once and in any order, so it always stays in flight. A
/// standby that takes over without the last writes then needs no special case: it is a loss of
/// everything, after which the writes that the standby had arrive once more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Redis {
    /// The revisions in flight.
    pub way: BTreeSet<Revised>,
    /// The revisions that are there. Their text comes from the journal up to that commit.
    pub revisions: Option<Revised>,
    /// All decisions that were ever sent. They live far longer than the scene, and the rules do not
    /// require a particular one: any of them may be there, or none.
    pub decisions: BTreeSet<Decided>,
    /// The number of ticks that its clock has gone back; zero if the clock is reliable.
    pub behind: u8,
    /// The commit whose revision is the record of published revisions.
    pub record: Option<u8>,
    /// The latest revision that readers have seen, as far as they remember it.
    pub seen: Option<At>,
}

/// Current revisions, without their list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revised {
    /// The commit of the revision.
    pub commit: u8,
    /// The end of their life, by the clock of Redis.
    pub expire: u8,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decided {
    /// The commit of the decision's revision.
    pub commit: u8,
    /// True if the user may.
    pub allow: bool,
}

impl Redis {
    /// Returns the time of its clock.
    pub fn time(&self, now: u8) -> u8 {
        now - self.behind
    }

    /// Acts like `PUT_NEWER`.
    pub fn put(&mut self, mut put: Revised, now: u8, log: &Log, rules: Rules) {
        let now = self.time(now);
        if !rules.keep(Rule::LifeEndsAtAnAbsoluteTime) {
            put.expire = end(now, rules);
        }
        let longest = life(rules);
        let order = |put: Revised| {
            let mut at = log.at(put.commit);
            if !rules.keep(Rule::LaterEpochsReplace) {
                at.epoch = Epoch::default();
            }
            (at, put.expire)
        };
        let newer = self.revisions.is_none_or(|old| order(put) > order(old));
        let alive = put.expire > now && put.expire <= now + longest;
        if alive && (newer || !rules.keep(Rule::NothingNewerIsReplaced)) {
            self.revisions = Some(put);
        }
    }

    /// Drops expired values, by the rule of Redis: once the time is past their end.
    pub fn expire(&mut self, now: u8, rules: Rules) {
        let now = self.time(now);
        self.revisions.take_if(|value| now > value.expire);
        // A put that would be refused is as good as lost.
        if rules.keep(Rule::LifeEndsAtAnAbsoluteTime) {
            self.way.retain(|put| put.expire > now);
        }
    }
}

/// Returns the end of revisions that were read after Redis's clock showed `sample`.
pub fn end(sample: u8, rules: Rules) -> u8 {
    let last = u8::from(rules.keep(Rule::LastMillisecondIsLeftOut));
    sample + life(rules) - last
}

/// Returns the maximum life of revisions.
fn life(rules: Rules) -> u8 {
    if rules.keep(Rule::RevisionsLiveForTheLease) {
        rules.lease
    } else {
        FAR
    }
}
