//! The rules of the protocol, one by one, so that each can be left out.

/// A rule, or something that the protocol relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A replica answers from memory only while its lease holds.
    LeaseIsChecked,
    /// A lease counts from before the read that proves it: what is committed while the answer of
    /// the database is on its way is not in it.
    LeaseCountsFromBeforeTheRead,
    /// A replica that has no lease and cannot read the database gives no answer.
    FailsClosed,
    /// Facts and the revision that they are of move in one step, so that no answer from old facts
    /// is said to be of a new revision.
    FactsMoveWithTheirRevision,
    /// Facts are loaded in the keeper's snapshot only. A load beside it could arrive after the
    /// keeper has moved on, and put the past back under a new revision.
    LoadsAreInTheSnapshot,
    /// A decision is used only if nothing that it depends on has changed since.
    DecisionsAreChecked,
    /// What a bounded journal has forgotten is unknown, not unchanged.
    ForgottenIsUnknown,
    /// A change of something shared ends the decisions about everybody.
    SharedChangesTouchAll,
    /// If Redis holds no revisions, nothing is known; not: nothing has changed.
    AbsentIsUnknown,
    /// Revisions in Redis live no longer than the lease, so that a writer that has lost Redis
    /// leaves nobody behind.
    RevisionsLiveForTheLease,
    /// They end at an absolute time, fixed before they were sent. If their life began when they
    /// arrive, a writer that was paused would bring back the past.
    LifeEndsAtAnAbsoluteTime,
    /// That time is of a sample of Redis's clock that was taken before the facts were read.
    ClockIsSampledBeforeTheRead,
    /// They end one unit of time before sample and lease say: Redis gives a value through all of
    /// the millisecond that it ends at (it is gone when `now > when`).
    LastMillisecondIsLeftOut,
    /// A put replaces nothing of a higher revision.
    NothingNewerIsReplaced,
    /// A read with a token goes past the caches, to a replica that has read the log up to it.
    TokensGoPastTheCaches,
    /// A client counts what an answer may be reused for from before it asked.
    ClientCountsFromBeforeItAsked,
    /// Relied on: the clock of Redis does not go back, not by a failover either.
    ClockOfRedisNeverGoesBack,
    /// Relied on: a reader uses what Redis replies at once. The reply does not say how much of
    /// its life is left, so a reader that had to wait for it asks a replica.
    RepliesAreNotLate,
    /// What is in memory is used again only if its mark proves that it is of the present history.
    /// By its number alone, a position is used again for other changes.
    MarksProveThePast,
    /// A keeper that finds another history under the epoch of its own begins an epoch: what that
    /// epoch names otherwise is in Redis, too.
    AnotherHistoryBeginsAnEpoch,
    /// Replicas use only decisions of the epoch of their journal.
    ReplicasCompareEpochs,
    /// Readers use only decisions of the epoch of the revisions beside them.
    ReadersCompareEpochs,
    /// In Redis a later epoch replaces whatever is there, and an earlier one nothing.
    LaterEpochsReplace,
    /// A process uses what is in Redis only once the record there is of the present history.
    /// Redis may be full of a future that was lost while nobody saw it.
    RecordIsRead,
    /// The record names a revision before anything of it is put into Redis.
    RecordComesFirst,
    /// Replicas use decisions of those revisions only up to which they have seen the record: it
    /// may have become that of another history while they were paused.
    OnlyAdmittedIsUsed,
    /// Relied on: Redis keeps the record for as long as any decision.
    RecordIsKept,
}

/// The protocol: all rules, or all but one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What is left out.
    pub without: Option<Rule>,
    /// The length of the lease, in ticks.
    pub lease: u8,
}

impl Rules {
    /// Whether a rule is kept.
    pub fn keep(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}
