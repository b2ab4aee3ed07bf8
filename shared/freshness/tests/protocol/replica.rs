//! A server: its keeper, and what it has in memory.

use std::time::Duration;

use freshness::Lease;

use crate::{log::Facts, rules::Rules};

/// What a replica knows. Times are ticks since boot; zero is never.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replica {
    /// The commit up to which its journal goes.
    pub commit: u8,
    /// The facts in its memory; none if it has not loaded them.
    pub facts: Option<Facts>,
    /// When the read began that its lease counts from.
    pub proven: u8,
    /// When it last read the clock of Redis.
    pub sampled: u8,
    /// What that clock said.
    pub sample: u8,
    /// A read of the database that has not arrived.
    pub reading: Option<Reading>,
    /// Facts that are on their way beside the keeper. Never, if the rules are kept.
    pub stray: Option<Facts>,
    /// The commit up to which the record in Redis was seen to be of its history.
    pub admitted: Option<u8>,
    /// Whether it can reach the database.
    pub reachable: bool,
}

/// A snapshot that is on its way from the database. The time between the begin of the read and
/// its snapshot is left out: it only makes the lease shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// When the read began.
    pub began: u8,
    /// The end of the log in it.
    pub commit: u8,
    /// Whether it brings the facts, too.
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

    /// Its lease.
    pub fn lease(&self, rules: Rules) -> Lease {
        Lease {
            proven: ticks(self.proven),
            length: ticks(rules.lease),
        }
    }
}

/// A time or a length as the crate has it.
pub fn ticks(count: u8) -> Duration {
    Duration::from_secs(count.into())
}
