//! The result of a round.

use std::{fmt, time::Duration};

use super::{checker::Check, history::Via, kind::Fault, round::everybody};

/// A judged round.
#[derive(Debug, Clone)]
pub struct Report {
    /// The fault of the round.
    pub fault: Fault,
    /// The seed of the random numbers of the round.
    pub seed: u64,
    /// The judgement of the answers.
    pub check: Check,
    /// Number of questions without an answer.
    pub errors: u64,
    /// Time from the end of the fault until every source had answered again.
    pub recovered: Duration,
}

impl Report {
    /// Asserts that no answer breaks the guarantees, and that there were enough answers to judge.
    ///
    /// # Panics
    /// Panics on a violation, or if a source never allowed or never denied.
    pub fn assert(&self) {
        let first: Vec<String> = self
            .check
            .violations
            .iter()
            .take(10)
            .map(ToString::to_string)
            .collect();
        assert!(first.is_empty(), "{self}:\n{}", first.join("\n"));
        for via in everybody() {
            let counts = self.check.counts.get(&via).copied().unwrap_or_default();
            assert!(!counts.contains(&0), "{via} said {counts:?}; {self}");
        }
        assert!(
            self.check.revocations_held > 0,
            "no revocation was observed: {self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut denies, mut allows) = (0, 0);
        for [denied, allowed] in self.check.counts.values() {
            denies += denied;
            allows += allowed;
        }
        let redis = self
            .check
            .counts
            .get(&Via::Redis)
            .copied()
            .unwrap_or_default();
        write!(
            f,
            "{:<22} seed {:<20} allows {allows:>6} denies {denies:>6} of Redis {:>6} errors {:>5} \
             held {:>3} stalest allow {:>4} ms, back after {:>5} ms, violations {}",
            self.fault,
            self.seed,
            redis.iter().sum::<u64>(),
            self.errors,
            self.check.revocations_held,
            self.check.stalest_allow.as_millis(),
            self.recovered.as_millis(),
            self.check.violations.len(),
        )
    }
}
