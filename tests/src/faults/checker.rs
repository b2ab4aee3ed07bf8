//! Judges the answers of a history.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::history::{Read, Via, Write};

/// Maximum time for which an answer may be served after the facts behind it were read.
pub const LEASE: Duration = Duration::from_secs(1);

/// An answer that breaks the guarantees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// No state during the question, or less than a lease before it, gives this answer. The write
    /// describes the state that was in effect.
    Stale(Read, Write),
    /// The revision of the answer is lower than that of a change more than a lease earlier.
    Older(Read, Write),
    /// The revision of the answer is lower than the question required.
    OlderThanDemanded(Read),
    /// The answer contradicts the facts at its revision.
    WrongAtRevision(Read),
    /// The answering replica could no longer prove that nothing had changed.
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
            Self::Older(read, write) => write!(f, "old revision: {read:?} after {write:?}"),
            Self::OlderThanDemanded(read) => write!(f, "older than required: {read:?}"),
            Self::WrongAtRevision(read) => write!(f, "wrong at its own revision: {read:?}"),
            Self::Unproven(read) => write!(f, "without a lease: {read:?}"),
        }
    }
}

/// The result of judging a history.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// The answers that break the guarantees.
    pub violations: Vec<Violation>,
    /// Number of allows and denies, by source of the answer.
    pub counts: BTreeMap<Via, [u64; 2]>,
    /// Longest time from the return of a revocation to the start of the last question that was
    /// still allowed.
    pub stalest_allow: Duration,
    /// Number of revocations that were observed in effect more than a lease after they returned.
    pub revocations_held: usize,
}

impl Check {
    /// Judges answers against all writes. No write may be in progress.
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
        // The oldest state that the answer may reflect: the last one in effect a lease before the
        // question, or the one that the question required.
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

    /// Measures an allow against the last revocation that had returned before the question began.
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

/// Returns the writes that had returned more than `by` before `time`.
fn before(line: &[Write], time: Duration, by: Duration) -> impl Iterator<Item = &Write> {
    line.iter().take_while(move |write| write.end + by < time)
}

/// Returns the writes, starting at index `from`, that had begun before `time`.
fn since(line: &[Write], from: usize, time: Duration) -> impl Iterator<Item = &Write> {
    line.iter()
        .skip(from)
        .take_while(move |write| write.begin < time)
}
