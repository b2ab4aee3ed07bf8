//! The database of one service: its parts, which other modules open, read and write.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use ::audit::Chain;
use clock::Clock;
use sea_orm::DatabaseConnection;
use tokens::{Sealer, Source};
use tokio::sync::watch;

use crate::{
    audit::recorder::Recorder,
    hints::{Heard, Listening},
};

/// Maximum time that a statement waits for a connection or a lock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one service.
#[derive(Clone)]
pub struct Store {
    pub(crate) reader: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    pub(crate) source: Source,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) committed: watch::Sender<Heard>,
    pub(crate) chain: Arc<Chain>,
    /// Records calls that change nothing; absent in the store that the recorder itself uses.
    pub(crate) recorder: Option<Recorder>,
    /// Receives the commits of other processes, if the database is shared.
    pub(crate) listening: Option<Listening>,
    pub(crate) statements: Arc<AtomicU64>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.source)
    }
}

/// Returns the name of the service that owns a log; it is also the name of its schema in
/// PostgreSQL.
pub fn name_of(source: Source) -> &'static str {
    match source {
        Source::Identity => "identity",
        Source::Membership => "membership",
        Source::Entitlement => "entitlement",
    }
}
