//! The kinds of faults.

use std::{fmt, sync::Arc, time::Duration};

use super::{fleet::Fleet, load::Pace};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// No fault.
    None,
    /// Redis ends, and an empty server replaces it.
    RedisKilled,
    /// Redis pauses, then processes the commands it received meanwhile.
    RedisPaused,
    /// Redis loses all data, repeatedly.
    RedisEmptied,
    /// Redis runs out of memory, and evicts the least recently used keys.
    RedisFilled,
    /// A Redis replica that lacks the last changes is promoted.
    RedisFailedOver,
    /// The replica that receives the writes loses its connection to Redis.
    WriterCutOff,
    /// The readers of Redis lose their connection to it.
    ReadersCutOff,
    /// Connections to Redis break in the middle of commands.
    RedisCommandsCut,
    /// Connections to PostgreSQL break in the middle of commands.
    PostgresCommandsCut,
    /// PostgreSQL pauses.
    PostgresPaused,
    /// One replica loses PostgreSQL, and its connections stall silently.
    ReplicaCutOff,
    /// One replica pauses.
    ReplicaPaused,
    /// Connections that listen for commits are closed.
    NotificationsLost,
    /// All connections to PostgreSQL stop carrying data, silently; new connections work.
    ConnectionsForgotten,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::RedisKilled,
        Self::RedisPaused,
        Self::RedisEmptied,
        Self::RedisFilled,
        Self::RedisFailedOver,
        Self::WriterCutOff,
        Self::ReadersCutOff,
        Self::RedisCommandsCut,
        Self::PostgresCommandsCut,
        Self::PostgresPaused,
        Self::ReplicaCutOff,
        Self::ReplicaPaused,
        Self::NotificationsLost,
        Self::ConnectionsForgotten,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{self:?}");
        f.pad(&name)
    }
}

/// The conditions under which a fault is applied.
#[derive(Clone)]
pub struct Trial {
    /// The installation.
    pub fleet: Arc<Fleet>,
    /// The load.
    pub pace: Pace,
    /// Duration of the fault.
    pub hold: Duration,
    /// The seed of the random numbers of a round.
    pub seed: u64,
}
