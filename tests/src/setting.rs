//! The settings in which the whole suite runs.

/// The backends and processes of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// SQLite files and memory, all services in one process.
    Sqlite,
    /// PostgreSQL and Redis, all services in one process.
    Postgres,
    /// PostgreSQL and Redis, each service in its own process, over TCP.
    Processes,
}

impl Setting {
    /// All settings.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Processes];

    /// The settings in which a test can move the clock.
    pub const IN_PROCESS: [Self; 2] = [Self::Sqlite, Self::Postgres];
}
