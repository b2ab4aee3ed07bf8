//! The settings that the whole suite runs in.

/// How an installation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// SQLite files and memory, all services in one process.
    Sqlite,
    /// PostgreSQL and Redis, all services in one process.
    Postgres,
    /// PostgreSQL and Redis, each service a process of its own, over TCP.
    Processes,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Processes];

    /// The settings in which a test can move the clock.
    pub const IN_PROCESS: [Self; 2] = [Self::Sqlite, Self::Postgres];
}
