//! The part of the system under test, and its limits. All of it together has too many states.

use crate::reached::{Reached, back, client, paused, replica, shared};

/// A part of the system.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that is there or is not"
)]
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// The length of the lease, in ticks.
    pub lease: u8,
    /// Number of servers.
    pub replicas: usize,
    /// The last tick.
    pub ticks: u8,
    /// Maximum number of commits.
    pub commits: u8,
    /// Maximum number of faults: crashes, lost contact, losses of Redis and of the database.
    pub faults: u8,
    /// True if there is a Redis, and readers of it. Its clock is sampled as a read begins, which
    /// gives revisions the longest life; and a read arrives immediately: a pause before its result
    /// is sent to Redis is equivalent to a delay in flight.
    pub redis: bool,
    /// True if there are readers of Redis, for whom revisions are put there. Needs a Redis.
    pub readers: bool,
    /// True if readers of Redis remember a state longer than it lived; and if its clock may be
    /// sampled long before a read, without which that makes no difference.
    pub remembers: bool,
    /// True if there is a client that caches answers.
    pub client: bool,
    /// True if the history may go back.
    pub back: bool,
    /// The states that must be reached, so that the scene is not empty.
    pub reached: fn() -> Reached,
}

impl Scene {
    const EMPTY: Self = Self {
        lease: 2,
        replicas: 1,
        ticks: 5,
        commits: 2,
        faults: 1,
        redis: false,
        readers: true,
        remembers: false,
        client: false,
        back: false,
        reached: Vec::new,
    };

    /// A replica and the database.
    pub const REPLICA: Self = Self {
        ticks: 6,
        faults: 2,
        reached: replica,
        ..Self::EMPTY
    };

    /// Two replicas that share decisions through Redis, and a reader of it.
    pub const SHARED: Self = Self {
        replicas: 2,
        ticks: 4,
        redis: true,
        reached: shared,
        ..Self::EMPTY
    };

    /// The shared scene, for a reader that remembers everything it saw. The lease is longer, so
    /// that there is time between two samples.
    pub const REMEMBERED: Self = Self {
        lease: 4,
        ticks: 5,
        commits: 1,
        faults: 0,
        remembers: true,
        ..Self::SHARED
    };

    /// A replica and a database that loses commits.
    pub const BACK: Self = Self {
        ticks: 4,
        back: true,
        reached: Vec::new,
        ..Self::EMPTY
    };

    /// A replica, a reader, and a database that loses commits which Redis knows.
    pub const SHARED_BACK: Self = Self {
        replicas: 1,
        ticks: 3,
        back: true,
        reached: back,
        ..Self::SHARED
    };

    /// Two replicas, either of which may pause meanwhile.
    pub const PAUSED_BACK: Self = Self {
        replicas: 2,
        faults: 0,
        readers: false,
        reached: paused,
        ..Self::SHARED_BACK
    };

    /// A replica, and a client that caches its answers.
    pub const CLIENT: Self = Self {
        client: true,
        faults: 0,
        reached: client,
        ..Self::EMPTY
    };
}
