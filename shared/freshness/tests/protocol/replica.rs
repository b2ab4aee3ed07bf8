//! A server: its refresher, and its memory.

use std::time::Duration;

use freshness::Lease;

use crate::{log::Facts, rules::Rules};

/// The state of a replica. Times are ticks since boot; zero is never.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replica {
    /// The commit up to which its journal goes.
    pub commit: u8,
    /// The facts in its memory; `None` if it has not loaded them.
    pub facts: Option<Facts>,
    /// The start of the read that its lease counts from.
    pub proven: u8,
    /// The time at which it last read the clock of Redis.
    pub sampled: u8,
    /// The value of that clock.
    pub sample: u8,
    /// A read of the database that has not arrived.
    pub reading: Option<Reading>,
    /// Facts in flight beside the refresher. Never, if the rules are kept.
    pub stray: Option<Facts>,
    /// The commit up to which the replica has seen that the record in Redis is of its history.
    pub admitted: Option<u8>,
    /// True if it can reach the database.
    pub reachable: bool,
}

/// A snapshot in flight from the database. The time between the start of the read and its snapshot
/// is left out: it only makes the lease shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// The start of the read.
    pub began: u8,
    /// The end of the log in it.
    pub commit: u8,
    /// True if it brings the facts, too.
    pub facts: bool,
}

impl Replica {
    /// A process that has just started.
    pub const STARTED: Self = Self {
        commit: 0,
        facts: None,
        proven: 0,
        sampled: 0,
        sample: 0,
        reading: None,
        stray: None,
        admitted: None,
        reachable: true,
    };

    /// Returns its lease.
    pub fn lease(&self, rules: Rules) -> Lease {
        Lease {
            proven: ticks(self.proven),
            length: ticks(rules.lease),
        }
    }
}

/// Converts a time or a length to the crate's type.
pub fn ticks(count: u8) -> Duration {
    Duration::from_secs(count.into())
}
