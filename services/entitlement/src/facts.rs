//! The facts in memory and the task that keeps them current.
//!
//! Everything in memory has one revision. One task, the [`keeper`], reads the log of changes to its
//! end together with the requested facts, in one snapshot, and applies both in one step. So facts
//! of different times are never mixed, no load brings back what a change took away meanwhile, and a
//! fact that many callers request is loaded once.

mod apply;
mod catalog_cache;
mod fact_key;
mod fact_snapshot;
mod load;
mod refresher;
mod snapshot_reader;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use clock::Clock;
use freshness::Lease;
use parking_lot::RwLock;
use store::{Cursor, Store, StoreError};
use tasks::Tasks;
use tokens::Position;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

use catalog_cache::CatalogCache;
pub(crate) use fact_key::{FactKey, Feed};
pub(crate) use fact_snapshot::{FactSnapshot, Key, Place};
use refresher::Refresher;
pub(crate) use snapshot_reader::SnapshotReader;

/// Maximum number of requests queued for the refresher; further callers wait to enqueue.
const MAX_QUEUED_REQUESTS: usize = 1024;
/// ATTEMPTS: load rounds before giving up with `FactsError::Memory`. APART: rounds after which all
/// keys missed so far are loaded together, because eviction may drop one while loading the other.
const MAX_LOAD_ROUNDS: usize = 12;
const ROUNDS_BEFORE_LOADING_TOGETHER: usize = 2;

/// Limits on the age and the size of the facts in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Maximum age of the facts that answers are based on.
    pub(crate) lease: Duration,
    /// Interval between reads of the log when no notification of a change arrives.
    pub(crate) poll: Duration,
    /// Maximum number of bytes that the facts may take.
    pub(crate) memory: usize,
    /// Maximum number of members, and of resources, up to which an organization is loaded
    /// completely.
    pub(crate) whole: u64,
}

/// The reason why facts are unavailable. The answer is then an error, never an allow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error("the store of facts cannot be read")]
    Store(#[source] Arc<StoreError>),
    #[error("the facts do not fit into memory")]
    Memory,
    #[error("the change that the token names did not arrive before the deadline")]
    Deadline,
    #[error("the token is of a history of changes that was replaced; go on without it")]
    OtherHistory,
    #[error("the service is shutting down")]
    Stopped,
}

struct Request {
    pieces: Vec<FactKey>,
    done: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

/// The facts, current within the lease.
pub(crate) struct Facts {
    world: RwLock<FactSnapshot>,
    catalogs: CatalogCache,
    requests: mpsc::Sender<Request>,
    /// Start of the last read of the whole log, in nanoseconds since boot.
    proven: AtomicU64,
    revisions: watch::Sender<Cursor>,
    /// The error of the last read, set once the log could not be read twice in a row. Until a read
    /// succeeds, callers fail immediately instead of waiting.
    away: RwLock<Option<Arc<StoreError>>>,
    /// True while a feed is being replayed: the facts of that service then mix two histories.
    replaying: AtomicBool,
    clock: Arc<dyn Clock>,
    settings: Settings,
}

impl Facts {
    /// Starts the refresher.
    pub(crate) fn start(store: Store, settings: Settings, tasks: &Tasks) -> Arc<Self> {
        let (requests, queue) = mpsc::channel(MAX_QUEUED_REQUESTS);
        let facts = Arc::new(Self {
            world: RwLock::default(),
            catalogs: CatalogCache::default(),
            requests,
            proven: AtomicU64::new(0),
            revisions: watch::Sender::new(Cursor::START),
            away: RwLock::default(),
            replaying: AtomicBool::new(false),
            clock: store.clock().clone(),
            settings,
        });
        Refresher::start(facts.clone(), store, queue, tasks);
        facts
    }

    /// Answers from the facts, which are current within the lease. Loads the keys that `answer`
    /// misses and tries again.
    pub(crate) async fn read<T>(
        &self,
        answer: impl Fn(&FactSnapshot) -> Result<T, Vec<FactKey>>,
    ) -> Result<T, FactsError> {
        let mut missed = Vec::new();
        for attempt in 0..MAX_LOAD_ROUNDS {
            let missing = match self.try_read(&answer) {
                Some(Ok(found)) => return Ok(found),
                Some(Err(missing)) => missing,
                None => Vec::new(),
            };
            missed.extend_from_slice(&missing);
            let together = attempt >= ROUNDS_BEFORE_LOADING_TOGETHER && !missing.is_empty();
            let wanted = if together { missed.clone() } else { missing };
            self.refresh(wanted).await?;
        }
        Err(FactsError::Memory)
    }

    /// Answers without waiting, if the facts are current.
    pub(crate) fn try_read<T>(
        &self,
        answer: impl FnOnce(&FactSnapshot) -> Result<T, Vec<FactKey>>,
    ) -> Option<Result<T, Vec<FactKey>>> {
        let answered = answer(&self.world.read());
        // Check the lease afterwards: it may have expired while this call waited for the lock.
        self.is_current().then_some(answered)
    }

    /// Reads the log to its end, and loads `pieces` in the same snapshot.
    pub(crate) async fn refresh(&self, pieces: Vec<FactKey>) -> Result<(), FactsError> {
        if let Some(error) = &*self.away.read() {
            return Err(FactsError::Store(error.clone()));
        }
        let (done, result) = oneshot::channel();
        let request = Request { pieces, done };
        let sent = self.requests.send(request).await;
        sent.map_err(|_| FactsError::Stopped)?;
        match result.await {
            Ok(result) => result.map_err(FactsError::Store),
            Err(_) => Err(FactsError::Stopped),
        }
    }

    /// Waits until the facts hold the change at a position, and returns their revision.
    pub(crate) async fn await_position(
        &self,
        position: Position,
        deadline: std::time::Instant,
    ) -> Result<i64, FactsError> {
        let mut revisions = self.revisions.subscribe();
        let deadline = Instant::from_std(deadline);
        let wait = async {
            // The change may be committed but not read yet.
            if self.reached(position)?.is_none() {
                self.refresh(Vec::new()).await?;
            }
            loop {
                revisions.mark_unchanged();
                if let Some(revision) = self.reached(position)? {
                    return Ok(revision);
                }
                let changed = revisions.changed().await;
                changed.map_err(|_| FactsError::Stopped)?;
            }
        };
        let waited = timeout_at(deadline, wait).await;
        waited.map_err(|_| FactsError::Deadline)?
    }

    fn reached(&self, position: Position) -> Result<Option<i64>, FactsError> {
        let world = self.world.read();
        let known = world.known(position.source);
        if position.epoch < known.epoch {
            return Err(FactsError::OtherHistory);
        }
        let is_known = position.epoch == known.epoch && position.at <= known.position;
        Ok(is_known.then(|| world.revision()))
    }

    /// Returns the revision of the facts in memory.
    pub(crate) fn revision(&self) -> i64 {
        self.world.read().revision()
    }

    /// Returns the lease of the facts. Facts that are read after this call are at least as fresh as
    /// the lease says.
    pub(crate) fn lease(&self) -> Lease {
        Lease {
            proven: Duration::from_nanos(self.proven.load(Ordering::Acquire)),
            length: self.settings.lease,
        }
    }

    /// Returns the time left on the lease.
    pub(crate) fn lease_left(&self) -> Duration {
        self.lease().left_at(self.clock.since_boot())
    }

    /// Subscribes to the revision of the facts.
    pub(crate) fn revisions(&self) -> watch::Receiver<Cursor> {
        self.revisions.subscribe()
    }

    /// True while the projection of another service is being moved to another history. No answer
    /// may be given until that is done: it may still contain facts that were lost.
    pub(crate) fn is_replaying(&self) -> bool {
        self.replaying.load(Ordering::Acquire)
    }

    /// True if the log was read to its end less than a lease ago.
    fn is_current(&self) -> bool {
        self.lease().holds_at(self.clock.since_boot())
    }
}
