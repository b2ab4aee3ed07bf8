//! The state of everything.

use crate::{log::Log, redis::Redis, replica::Replica};

/// A moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// The time, since boot; one to begin with.
    pub now: u8,
    /// The database.
    pub log: Log,
    /// The servers. Which is which does not matter, so they are kept sorted: what differs by
    /// their order only is one state.
    pub replicas: Vec<Replica>,
    /// Redis.
    pub redis: Redis,
    /// What Redis has replied to a reader that has not heard it. Never, if replies are not late.
    pub late: Option<Said>,
    /// A client that keeps answers.
    pub client: Client,
    /// Faults that may still happen.
    pub faults: u8,
}

/// A client with a local cache. It asks one question at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// When it asked, if it waits for an answer.
    pub asked: Option<u8>,
    /// The answer on its way, and how long that may be reused.
    pub reply: Option<(Said, u8)>,
    /// The answer that it keeps, and until when.
    pub kept: Option<(Said, u8)>,
}

/// What was answered, and the commit after which it was current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Said {
    /// Whether the user may.
    pub allow: bool,
    /// By the facts after this commit.
    pub commit: u8,
}
