//! The facts in memory and the task that keeps them current.
//!
//! Everything in memory has one revision. One task, the [`keeper`], reads the log of changes to its
//! end together with the requested facts, in one snapshot, and applies both in one step. So facts
//! of different times are never mixed, no load brings back what a change took away meanwhile, and a
//! fact that many callers request is loaded once.

mod catalogs;
mod keeper;
mod load;
mod patch;
mod piece;
mod reading;
mod world;

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
use seal::Position;
use store::{Cursor, Store, StoreError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use catalogs::Catalogs;
use keeper::Keeper;
pub(crate) use piece::{Feed, Piece};
pub(crate) use reading::Reading;
pub(crate) use world::{Key, Place, World};

/// Maximum number of requests queued for the refresher; further callers wait to enqueue.
const QUEUE: usize = 1024;
/// ATTEMPTS: load rounds before giving up with `FactsError::Memory`. APART: rounds after which all
/// keys missed so far are loaded together, because eviction may drop one while loading the other.
const ATTEMPTS: usize = 12;
const APART: usize = 2;

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
    pieces: Vec<Piece>,
    done: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

/// The facts, current within the lease.
pub(crate) struct Facts {
    world: RwLock<World>,
    catalogs: Catalogs,
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
    pub(crate) fn start(store: Store, settings: Settings, stop: CancellationToken) -> Arc<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let facts = Arc::new(Self {
            world: RwLock::default(),
            catalogs: Catalogs::default(),
            requests,
            proven: AtomicU64::new(0),
            revisions: watch::Sender::new(Cursor::START),
            away: RwLock::default(),
            replaying: AtomicBool::new(false),
            clock: store.clock().clone(),
            settings,
        });
        Keeper::start(facts.clone(), store, queue, stop);
        facts
    }

    /// Answers from the facts, which are current within the lease. Loads the keys that `answer`
    /// misses and tries again.
    pub(crate) async fn read<T>(
        &self,
        answer: impl Fn(&World) -> Result<T, Vec<Piece>>,
    ) -> Result<T, FactsError> {
        let mut missed = Vec::new();
        for attempt in 0..ATTEMPTS {
            let missing = match self.try_read(&answer) {
                Some(Ok(found)) => return Ok(found),
                Some(Err(missing)) => missing,
                None => Vec::new(),
            };
            missed.extend_from_slice(&missing);
            let together = attempt >= APART && !missing.is_empty();
            let wanted = if together { missed.clone() } else { missing };
            self.refresh(wanted).await?;
        }
        Err(FactsError::Memory)
    }

    /// Answers without waiting, if the facts are current.
    pub(crate) fn try_read<T>(
        &self,
        answer: impl FnOnce(&World) -> Result<T, Vec<Piece>>,
    ) -> Option<Result<T, Vec<Piece>>> {
        let answered = answer(&self.world.read());
        // Check the lease afterwards: it may have expired while this call waited for the lock.
        self.is_current().then_some(answered)
    }

    /// Reads the log to its end, and loads `pieces` in the same snapshot.
    pub(crate) async fn refresh(&self, pieces: Vec<Piece>) -> Result<(), FactsError> {
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
    pub(crate) async fn reach(
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
