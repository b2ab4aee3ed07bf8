//! The rules of the protocol, one by one, so that each can be left out.

/// A rule, or something that the protocol relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A replica answers from memory only while its lease holds.
    LeaseIsChecked,
    /// A lease counts from before the read that proves it: it does not cover commits made while the
    /// answer of the database is in flight.
    LeaseCountsFromBeforeTheRead,
    /// A replica that has no lease and cannot read the database gives no answer.
    FailsClosed,
    /// Facts and their revision move in one step, so that no answer from old facts claims a new
    /// revision.
    FactsMoveWithTheirRevision,
    /// Facts are loaded in the refresher's snapshot only. A separate load could arrive after the
    /// refresher has moved on, and restore the past under a new revision.
    LoadsAreInTheSnapshot,
    /// A decision is used only if nothing that it depends on has changed since.
    DecisionsAreChecked,
    /// Changes that a bounded journal has dropped are unknown, not unchanged.
    ForgottenIsUnknown,
    /// A change of something shared ends the decisions about everyone.
    SharedChangesTouchAll,
    /// If Redis holds no revisions, the changes are unknown; this does not mean that nothing has
    /// changed.
    AbsentIsUnknown,
    /// Revisions in Redis live no longer than the lease, so that a writer that has lost Redis
    /// leaves no stale revisions behind.
    RevisionsLiveForTheLease,
    /// They end at an absolute time, fixed before they were sent. If their life began at their
    /// arrival, a paused writer would bring back the past.
    LifeEndsAtAnAbsoluteTime,
    /// The end is computed from a sample of Redis's clock that was taken before the facts were
    /// read.
    ClockIsSampledBeforeTheRead,
    /// They end one unit of time before the end of sample plus lease: Redis returns a value
    /// throughout the millisecond of its end (it is gone when `now > when`).
    LastMillisecondIsLeftOut,
    /// A put never replaces a higher revision.
    NothingNewerIsReplaced,
    /// A read with a token goes past the caches, to a replica that has read the log up to it.
    TokensGoPastTheCaches,
    /// A client counts the reuse time of an answer from before it asked.
    ClientCountsFromBeforeItAsked,
    /// Assumption: the clock of Redis does not go back, not by a failover either.
    ClockOfRedisNeverGoesBack,
    /// Assumption: a reader uses a reply of Redis immediately. The reply does not include its
    /// remaining life, so a reader that had to wait for it asks a replica.
    RepliesAreNotLate,
    /// The memory is used again only if its mark proves that it is of the present history. The
    /// number of a position alone does not: it is reused for other changes.
    MarksProveThePast,
    /// A refresher that finds another history under its own epoch begins an epoch, because Redis
    /// may hold the other meaning of that epoch, too.
    AnotherHistoryBeginsAnEpoch,
    /// Replicas use only decisions of the epoch of their journal.
    ReplicasCompareEpochs,
    /// Readers use only decisions of the epoch of the revisions beside them.
    ReadersCompareEpochs,
    /// In Redis a later epoch replaces any value, and an earlier one nothing.
    LaterEpochsReplace,
    /// A process uses the content of Redis only once the record there is of the present history.
    /// Redis may be full of a lost future that no process noticed.
    RecordIsRead,
    /// The record names a revision before any value of it is put into Redis.
    RecordComesFirst,
    /// Replicas use decisions only up to the revision at which they last saw the record: it may
    /// have become that of another history while they were paused.
    OnlyAdmittedIsUsed,
    /// Assumption: Redis keeps the record for as long as any decision.
    RecordIsKept,
}

/// The protocol: all rules, or all but one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The rule that is left out.
    pub without: Option<Rule>,
    /// The length of the lease, in ticks.
    pub lease: u8,
}

impl Rules {
    /// True if a rule is kept.
    pub fn keep(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}
