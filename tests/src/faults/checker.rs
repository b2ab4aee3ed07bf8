//! Judges a history.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::history::{Read, Via, Write};

/// How long an answer may outlive what it was made from.
pub const LEASE: Duration = Duration::from_secs(1);

/// An answer that must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Nothing that was true during the question, or less than a lease before it, gives this
    /// answer. The write says what was true.
    Stale(Read, Write),
    /// The answer is of a lower revision than a change of more than a lease before.
    Older(Read, Write),
    /// The answer is of a lower revision than was demanded.
    OlderThanDemanded(Read),
    /// At the revision that the answer says, the facts say otherwise.
    WrongAtRevision(Read),
    /// Who answered could not know any more that nothing had changed.
    Unproven(Read),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(read, write) => write!(
                f,
                "stale by {:?}: {read:?} after {write:?}",
                read.begin.saturating_sub(write.end)
            ),
            Self::Older(read, write) => write!(f, "of an old revision: {read:?} after {write:?}"),
            Self::OlderThanDemanded(read) => write!(f, "older than demanded: {read:?}"),
            Self::WrongAtRevision(read) => write!(f, "wrong at its own revision: {read:?}"),
            Self::Unproven(read) => write!(f, "without a lease: {read:?}"),
        }
    }
}

/// What a history was found to be.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// Answers that must not be.
    pub violations: Vec<Violation>,
    /// Allows and denies, by who gave them.
    pub counts: BTreeMap<Via, [u64; 2]>,
    /// From the return of a revocation to the begin of the last question that was allowed
    /// nevertheless.
    pub stalest_allow: Duration,
    /// How many revocations were seen to be in effect longer than a lease after they returned.
    pub revocations_held: usize,
}

impl Check {
    /// Judges answers by all writes. No write may be under way.
    pub fn of(reads: &[Read], writes: &[Write]) -> Self {
        let mut lines: BTreeMap<usize, Vec<Write>> = BTreeMap::new();
        for write in writes {
            lines.entry(write.user).or_default().push(*write);
        }
        for line in lines.values_mut() {
            line.sort_unstable_by_key(|write| write.at);
        }
        let mut check = Self::default();
        let mut held = std::collections::BTreeSet::new();
        for read in reads {
            let line = lines.get(&read.user).map_or(&[][..], Vec::as_slice);
            check.judge(read, line);
            if let Some(write) = before(line, read.begin, LEASE).last()
                && !write.allows
                && !read.allow
            {
                held.insert(write.at);
            }
        }
        check.revocations_held = held.len();
        check
    }

    fn judge(&mut self, read: &Read, line: &[Write]) {
        let counts = self.counts.entry(read.via).or_default();
        let [denies, allows] = counts;
        *(if read.allow { allows } else { denies }) += 1;
        if read.revision < read.demanded {
            self.violations.push(Violation::OlderThanDemanded(*read));
        }
        let at_revision = line.iter().rfind(|write| write.at <= read.revision);
        if at_revision.is_some_and(|write| write.allows) != read.allow {
            self.violations.push(Violation::WrongAtRevision(*read));
        }
        // The oldest state that the answer may be of: the last that was there a lease before
        // the question, or that the question demanded.
        let by_time = before(line, read.begin, LEASE).count();
        let by_demand = line
            .iter()
            .filter(|write| write.at <= read.demanded)
            .count();
        let first = by_time.max(by_demand);
        if let Some(write) = by_time.checked_sub(1).and_then(|last| line.get(last))
            && read.revision < write.at
        {
            self.violations.push(Violation::Older(*read, *write));
        }
        let oldest = first.checked_sub(1).and_then(|last| line.get(last));
        let may_be = oldest.map(|write| write.allows) == Some(read.allow)
            || (oldest.is_none() && !read.allow)
            || since(line, first, read.end).any(|write| write.allows == read.allow);
        if let (false, Some(write)) = (may_be, oldest.or(line.first())) {
            self.violations.push(Violation::Stale(*read, *write));
        }
        self.measure(read, line);
    }

    /// Measures an allow against the last revocation that returned before it.
    fn measure(&mut self, read: &Read, line: &[Write]) {
        let returned = before(line, read.begin, Duration::ZERO).count();
        let last = returned.checked_sub(1).and_then(|last| line.get(last));
        if let Some(write) = last
            && !write.allows
            && read.allow
            && since(line, returned, read.end).next().is_none()
        {
            let age = read.begin.saturating_sub(write.end);
            self.stalest_allow = self.stalest_allow.max(age);
        }
    }
}

/// The writes that had returned so long before a time.
fn before(line: &[Write], time: Duration, by: Duration) -> impl Iterator<Item = &Write> {
    line.iter().take_while(move |write| write.end + by < time)
}

/// The writes from one on that had begun before a time.
fn since(line: &[Write], from: usize, time: Duration) -> impl Iterator<Item = &Write> {
    line.iter()
        .skip(from)
        .take_while(move |write| write.begin < time)
}
