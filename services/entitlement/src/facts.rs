//! The facts in memory, and what keeps them current.
//!
//! Everything in memory is of one revision. One task, the [`keeper`], reads the log of changes
//! to its end and whatever is wanted in one snapshot, and puts both into memory in one step; so
//! facts of different moments are never mixed, no load can bring back what a change took away
//! meanwhile, and a fact that many ask for is loaded once.

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

/// Requests that wait for the keeper; more wait for a place.
const QUEUE: usize = 1024;
/// How often a question may find something missing that was just loaded, before the memory is
/// too small for it; and after how many of them all that it has missed is loaded at once, as the
/// one may have been forgotten for the other.
const ATTEMPTS: usize = 12;
const APART: usize = 2;

/// How facts are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How old the facts may be that an answer is given from.
    pub(crate) lease: Duration,
    /// How often the log is read when nothing hints at a change.
    pub(crate) poll: Duration,
    /// How many bytes the facts may take.
    pub(crate) memory: usize,
    /// How many members and resources an organization may have that is held whole.
    pub(crate) whole: u64,
}

/// Why there are no facts. The answer is then an error, never an allow.
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
    /// When the last read of the whole log began, in nanoseconds since boot.
    proven: AtomicU64,
    revisions: watch::Sender<Cursor>,
    /// Why the log could not be read, twice in a row: until it can be, nobody waits for it.
    away: RwLock<Option<Arc<StoreError>>>,
    /// Whether a feed is being replayed: what is known of its service is then of two histories.
    replaying: AtomicBool,
    clock: Arc<dyn Clock>,
    settings: Settings,
}

impl Facts {
    /// Starts the keeper.
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

    /// Answers from the facts, which are current within the lease; what `answer` misses is
    /// loaded first.
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

    /// Answers at once, if the facts are current.
    pub(crate) fn try_read<T>(
        &self,
        answer: impl FnOnce(&World) -> Result<T, Vec<Piece>>,
    ) -> Option<Result<T, Vec<Piece>>> {
        let answered = answer(&self.world.read());
        // Asked afterwards: it may have ended while this waited for its turn.
        self.is_current().then_some(answered)
    }

    /// Reads the log to its end, and pieces with it.
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
            // The change may be there and not be read yet.
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

    /// The revision of what is in memory.
    pub(crate) fn revision(&self) -> i64 {
        self.world.read().revision()
    }

    /// The lease under which answers are given. What is read of the facts after it was asked
    /// for is at least as new.
    pub(crate) fn lease(&self) -> Lease {
        Lease {
            proven: Duration::from_nanos(self.proven.load(Ordering::Acquire)),
            length: self.settings.lease,
        }
    }

    /// How much of the lease is left.
    pub(crate) fn lease_left(&self) -> Duration {
        self.lease().left_at(self.clock.since_boot())
    }

    /// The revision of the facts, whenever it changes.
    pub(crate) fn revisions(&self) -> watch::Receiver<Cursor> {
        self.revisions.subscribe()
    }

    /// Whether what is known of another service is being brought to another history of it. No
    /// answer may be given until that is done: what was lost may still be among it.
    pub(crate) fn is_replaying(&self) -> bool {
        self.replaying.load(Ordering::Acquire)
    }

    /// Whether all changes up to less than a lease ago have been heard.
    fn is_current(&self) -> bool {
        self.lease().holds_at(self.clock.since_boot())
    }
}
