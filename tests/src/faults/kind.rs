//! What is done to an installation.

use std::{fmt, sync::Arc, time::Duration};

use super::{fleet::Fleet, load::Pace};

/// Trouble of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// Redis ends, and an empty one comes in its place.
    RedisKilled,
    /// Redis stands still, and goes on with what it was sent before.
    RedisPaused,
    /// Redis loses everything, again and again.
    RedisEmptied,
    /// Redis has no room, and evicts what was not used for longest.
    RedisFilled,
    /// A copy takes the place of Redis that has not heard of the last changes.
    RedisFailedOver,
    /// The replica that is written to does not reach Redis.
    WriterCutOff,
    /// Those who read Redis do not reach it.
    ReadersCutOff,
    /// Connections to Redis break in the middle of commands.
    RedisCommandsCut,
    /// Connections to PostgreSQL break in the middle of commands.
    PostgresCommandsCut,
    /// PostgreSQL stands still.
    PostgresPaused,
    /// One replica does not reach PostgreSQL, and is not told.
    ReplicaCutOff,
    /// One replica stands still.
    ReplicaPaused,
    /// Connections that listen for commits are lost.
    NotificationsLost,
    /// All connections to PostgreSQL carry nothing any more, and nobody is told; new ones pass.
    ConnectionsForgotten,
}

impl Fault {
    /// All of them.
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

/// What trouble is made under.
#[derive(Clone)]
pub struct Trial {
    /// The installation.
    pub fleet: Arc<Fleet>,
    /// The load.
    pub pace: Pace,
    /// How long trouble lasts.
    pub hold: Duration,
    /// What the numbers of a round follow from.
    pub seed: u64,
}
