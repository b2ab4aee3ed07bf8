//! Redis: what it holds, and the one script that writes to it.

use std::collections::BTreeSet;

use base::Epoch;
use freshness::At;

use crate::{
    log::Log,
    rules::{Rule, Rules},
};

/// A life that no scene sees the end of.
const FAR: u8 = 99;

/// Redis, of one organization and one question, and what is on its way to it.
///
/// A put may arrive late, never, more than once and in any order: so it is never taken off the
/// way. A standby that takes over without the last writes is then nothing of its own: it is a
/// loss of everything, after which what the standby had arrives once more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Redis {
    /// The revisions that are on their way.
    pub way: BTreeSet<Revised>,
    /// The revisions that are there. Their text is what the journal up to that commit gives.
    pub revisions: Option<Revised>,
    /// The decisions that were ever sent. They live far longer than the scene, and the rules
    /// demand nothing of which is there: any may be, or none.
    pub decisions: BTreeSet<Decided>,
    /// How far its clock has gone back. Never, if it can be relied on.
    pub behind: u8,
    /// The commit whose revision is the record of what was published.
    pub record: Option<u8>,
    /// The latest that readers have seen, as far as it is to be remembered.
    pub seen: Option<At>,
}

/// Current revisions, as they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revised {
    /// The commit of the revision.
    pub commit: u8,
    /// When it ends, of the clock of Redis.
    pub expire: u8,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decided {
    /// The commit of the revision that it was given at.
    pub commit: u8,
    /// Whether the user may.
    pub allow: bool,
}

impl Redis {
    /// What its clock says.
    pub fn time(&self, now: u8) -> u8 {
        now - self.behind
    }

    /// Does what `PUT_NEWER` says.
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

    /// Lets go of what has ended, by the rule of Redis: when the time is past its end.
    pub fn expire(&mut self, now: u8, rules: Rules) {
        let now = self.time(now);
        self.revisions.take_if(|value| now > value.expire);
        // What it would be refused for is as good as lost.
        if rules.keep(Rule::LifeEndsAtAnAbsoluteTime) {
            self.way.retain(|put| put.expire > now);
        }
    }
}

/// When revisions end that were read after Redis's clock said `sample`.
pub fn end(sample: u8, rules: Rules) -> u8 {
    let last = u8::from(rules.keep(Rule::LastMillisecondIsLeftOut));
    sample + life(rules) - last
}

/// How long revisions may live.
fn life(rules: Rules) -> u8 {
    if rules.keep(Rule::RevisionsLiveForTheLease) {
        rules.lease
    } else {
        FAR
    }
}
