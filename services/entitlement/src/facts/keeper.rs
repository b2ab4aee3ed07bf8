//! The task that keeps the facts current, and the lease that proves that it does.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clock::Clock;
use parking_lot::RwLock;
use seal::{Position, Source};
use store::{Store, StoreError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Feed, Piece, World, load::load, patch::FEEDS};
use crate::store::{cursors, keys};

/// Requests that wait for the keeper; more wait for a place.
const QUEUE: usize = 1024;
/// How often a question may find something missing that was just loaded, before the memory is
/// too small for it.
const ATTEMPTS: usize = 8;

/// How facts are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How old the facts may be that an answer is given from.
    pub(crate) lease: Duration,
    /// How often the log is read when nothing hints at a change.
    pub(crate) poll: Duration,
    /// How many bytes the facts may take.
    pub(crate) memory: usize,
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
    requests: mpsc::Sender<Request>,
    /// When the last read of the whole log began, in nanoseconds since boot.
    proven: AtomicU64,
    revisions: watch::Sender<i64>,
    clock: Arc<dyn Clock>,
    settings: Settings,
}

impl Facts {
    /// Starts the keeper.
    pub(crate) fn start(store: Store, settings: Settings, stop: CancellationToken) -> Arc<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let facts = Arc::new(Self {
            world: RwLock::default(),
            requests,
            proven: AtomicU64::new(0),
            revisions: watch::Sender::new(0),
            clock: store.clock().clone(),
            settings,
        });
        let keeper = Keeper {
            facts: facts.clone(),
            store,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = keeper.run(queue) => {}
                () = stop.cancelled() => {}
            }
        });
        facts
    }

    /// Answers from the facts, which are current within the lease; what `answer` misses is
    /// loaded first.
    pub(crate) async fn read<T>(
        &self,
        answer: impl Fn(&World) -> Result<T, Vec<Piece>>,
    ) -> Result<T, FactsError> {
        for _ in 0..ATTEMPTS {
            match self.try_read(&answer) {
                Some(Ok(found)) => return Ok(found),
                Some(Err(missing)) => self.refresh(missing).await?,
                None => self.refresh(Vec::new()).await?,
            }
        }
        Err(FactsError::Memory)
    }

    /// Answers at once, if the facts are current.
    pub(crate) fn try_read<T>(
        &self,
        answer: impl Fn(&World) -> Result<T, Vec<Piece>>,
    ) -> Option<Result<T, Vec<Piece>>> {
        self.is_current().then(|| answer(&self.world.read()))
    }

    /// Reads the log to its end, and pieces with it.
    pub(crate) async fn refresh(&self, pieces: Vec<Piece>) -> Result<(), FactsError> {
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
            if self.reached(position).is_none() {
                self.refresh(Vec::new()).await?;
            }
            loop {
                revisions.mark_unchanged();
                if let Some(revision) = self.reached(position) {
                    return Ok(revision);
                }
                let changed = revisions.changed().await;
                changed.map_err(|_| FactsError::Stopped)?;
            }
        };
        let waited = timeout_at(deadline, wait).await;
        waited.map_err(|_| FactsError::Deadline)?
    }

    fn reached(&self, position: Position) -> Option<i64> {
        let world = self.world.read();
        let at = match position.source {
            Source::Identity => world.cursor(Feed::Identity),
            Source::Membership => world.cursor(Feed::Membership),
            Source::Entitlement => world.revision(),
        };
        (at >= position.at).then(|| world.revision())
    }

    /// Whether all changes up to less than a lease ago have been heard.
    fn is_current(&self) -> bool {
        let proven = Duration::from_nanos(self.proven.load(Ordering::Acquire));
        let now = self.clock.since_boot();
        proven > Duration::ZERO && now.saturating_sub(proven) < self.settings.lease
    }
}

struct Keeper {
    facts: Arc<Facts>,
    store: Store,
}

impl Keeper {
    async fn run(self, mut queue: mpsc::Receiver<Request>) {
        let mut commits = self.store.subscribe();
        let mut waiting = Vec::new();
        loop {
            commits.mark_unchanged();
            // All who wait now are served by one snapshot.
            while let Ok(request) = queue.try_recv() {
                waiting.push(request);
            }
            let wanted = waiting
                .iter_mut()
                .flat_map(|request: &mut Request| request.pieces.drain(..))
                .collect();
            let result = self.refresh(wanted).await.map_err(Arc::new);
            if let Err(error) = &result {
                tracing::warn!(%error, "the log of changes cannot be read");
            }
            for request in waiting.drain(..) {
                // Who no longer waits needs no answer.
                let _ = request.done.send(result.clone());
            }
            tokio::select! {
                request = queue.recv() => match request {
                    Some(request) => waiting.push(request),
                    None => return,
                },
                _ = commits.changed(), if result.is_ok() => {}
                () = tokio::time::sleep(self.facts.settings.poll) => {}
            }
        }
    }

    /// Brings memory to the end of the log.
    async fn refresh(&self, mut wanted: BTreeSet<Piece>) -> Result<(), StoreError> {
        // A lease counts from before the read that proves it.
        let begin = self.facts.clock.since_boot();
        let snapshot = self.store.snapshot().await?;
        let from = self.facts.world.read().revision;
        let mut cursors = [None; 2];
        let revision = if from == 0 {
            wanted.insert(Piece::Catalog);
            let keys = keys::ids(&snapshot).await?;
            wanted.extend(keys.into_iter().map(|id| Piece::Key(id.into())));
            for (cursor, feed) in cursors.iter_mut().zip(FEEDS) {
                *cursor = Some(cursors::position(&snapshot, feed.name()).await?);
            }
            Store::head_in(&snapshot).await?
        } else {
            self.changes(&snapshot, from, &mut wanted, &mut cursors)
                .await?
        };
        // A new catalogue forgets the organizations, so all of each is needed again.
        let anew = wanted.contains(&Piece::Catalog);
        let loaded = load(&snapshot, wanted, |organization| {
            !anew && self.facts.world.read().knows(organization)
        });
        let loaded = loaded.await?;
        snapshot.commit().await?;
        {
            let mut world = self.facts.world.write();
            // Before what was asked for comes in: it stays at least until the next time.
            world.evict(self.facts.settings.memory);
            world.apply(loaded, revision, cursors);
        }
        let begin = u64::try_from(begin.as_nanos()).unwrap_or(u64::MAX);
        self.facts.proven.store(begin, Ordering::Release);
        self.facts.revisions.send_if_modified(|last| {
            let changed = *last != revision;
            *last = revision;
            changed
        });
        Ok(())
    }

    /// Adds what has changed and is in memory to `wanted`.
    async fn changes(
        &self,
        snapshot: &sea_orm::DatabaseTransaction,
        mut from: i64,
        wanted: &mut BTreeSet<Piece>,
        cursors: &mut [Option<i64>; 2],
    ) -> Result<i64, StoreError> {
        loop {
            let page = Store::backlog_in(snapshot, from).await?;
            let world = self.facts.world.read();
            for entry in &page.entries {
                match Piece::parse(&entry.entity) {
                    Some(Piece::Cursor(feed)) => {
                        let at = entry.payload.as_slice().try_into().map(i64::from_be_bytes);
                        for (cursor, own) in cursors.iter_mut().zip(FEEDS) {
                            if own == feed {
                                *cursor = at.ok();
                            }
                        }
                    }
                    Some(piece) if world.holds(&piece) => {
                        wanted.insert(piece);
                    }
                    _ => {}
                }
            }
            from = page.position;
            if page.caught_up {
                return Ok(page.position);
            }
        }
    }
}
