//! The state of the whole system.

use crate::{log::Log, redis::Redis, replica::Replica};

/// The state at one time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// The time since boot, starting at one.
    pub now: u8,
    /// The database.
    pub log: Log,
    /// The servers. Their identity does not matter, so they are kept sorted: states that differ
    /// only in the order are one state.
    pub replicas: Vec<Replica>,
    /// Redis.
    pub redis: Redis,
    /// A reply of Redis that the reader has not received yet. Never, if replies are not late.
    pub late: Option<Said>,
    /// A client that keeps answers.
    pub client: Client,
    /// Number of faults that may still happen.
    pub faults: u8,
}

/// A client with a local cache. It asks one question at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// The time of its question, if it waits for an answer.
    pub asked: Option<u8>,
    /// The answer in flight, and the time for which it may be reused.
    pub reply: Option<(Said, u8)>,
    /// The cached answer, and the end of its reuse.
    pub kept: Option<(Said, u8)>,
}

/// An answer, and the commit after which it was current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Said {
    /// True if the user may.
    pub allow: bool,
    /// The commit whose facts decided it.
    pub commit: u8,
}
