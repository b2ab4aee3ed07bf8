//! The task that keeps the facts current, and the lease that proves that it does.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Millis, OrganizationId};
use clock::Clock;
use freshness::{Journal, Lease};
use opentelemetry::{global, metrics::Histogram};
use parking_lot::RwLock;
use seal::{Position, Source};
use store::{Head, Store, StoreError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Feed, Piece, World, load::load, patch::FEEDS};
use crate::store::{cursors, keys, view::View};

/// Requests that wait for the keeper; more wait for a place.
const QUEUE: usize = 1024;
/// How often a question may find something missing that was just loaded, before the memory is
/// too small for it; and after how many of them all that it has missed is loaded at once, as the
/// one may have been forgotten for the other.
const ATTEMPTS: usize = 12;
const APART: usize = 2;

/// How many of the last changes are read when the process begins: what replicas have shared since
/// can then be told from what is out of date.
const BACKFILL: u64 = 4096;
/// How long the end of the log may take to be read, and all that is read with it. A connection
/// whose way was forgotten says nothing, ever; another one is tried then.
const HEAD: Duration = Duration::from_secs(1);
const ALL: Duration = Duration::from_secs(10);
/// Upper bounds of the buckets of freshness, in seconds.
const BOUNDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

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
            freshness: global::meter("mandate")
                .f64_histogram("mandate.freshness")
                .with_unit("s")
                .with_description("From a commit until this replica answers from it.")
                .with_boundaries(BOUNDS.to_vec())
                .build(),
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
    pub(crate) fn revisions(&self) -> watch::Receiver<i64> {
        self.revisions.subscribe()
    }

    /// Whether all changes up to less than a lease ago have been heard.
    fn is_current(&self) -> bool {
        self.lease().holds_at(self.clock.since_boot())
    }
}

struct Keeper {
    facts: Arc<Facts>,
    store: Store,
    /// From a commit to this replica's answers from it, in seconds.
    freshness: Histogram<f64>,
}

/// What a read of the log found.
#[derive(Default)]
struct Found {
    /// What changed, with the positions of the changes.
    changes: Vec<(Piece, i64)>,
    /// How far feeds were applied, where that changed.
    cursors: [Option<i64>; 2],
    /// The changes of a journal that is begun anew, and what it begins after.
    begin: Option<i64>,
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
            let result = within(ALL, self.refresh(wanted)).await.map_err(Arc::new);
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
        let from = self.facts.world.read().revision;
        if from > 0 && wanted.is_empty() && within(HEAD, self.store.head()).await?.position == from
        {
            self.prove(begin);
            return Ok(());
        }
        let snapshot = within(HEAD, self.store.snapshot()).await?;
        let head = within(HEAD, self.store.head_in(&snapshot)).await?;
        let found = if from == 0 {
            wanted.insert(Piece::Catalog);
            // Whoever runs the platform asks first, and about everybody.
            wanted.insert(Piece::Organization(OrganizationId::operator()));
            let keys = keys::ids(&snapshot).await?;
            wanted.extend(keys.into_iter().map(|id| Piece::Key(id.into())));
            self.begin(&snapshot).await?
        } else {
            self.changes(&snapshot, from, &mut wanted).await?
        };
        // A new catalogue forgets the organizations, so all of each is needed again.
        let anew = wanted.contains(&Piece::Catalog);
        let loaded = load(View::now(&snapshot), wanted, |organization| {
            let is_known = !anew && self.facts.world.read().knows(organization);
            (!is_known).then_some(self.facts.settings.whole)
        });
        let loaded = loaded.await?;
        snapshot.commit().await?;
        {
            let mut world = self.facts.world.write();
            // Before what was asked for comes in: it stays at least until the next time.
            world.evict(self.facts.settings.memory);
            world.apply(loaded, head.position, found.cursors);
            let mut journal = match found.begin {
                Some(floor) => Journal::since(floor),
                None => std::mem::take(&mut world.journal),
            };
            for (piece, at) in &found.changes {
                if let Some(change) = piece.change() {
                    journal.note(change, *at);
                }
            }
            journal.advance(head.position);
            world.journal = journal;
        }
        self.prove(begin);
        self.facts.revisions.send_if_modified(|last| {
            let changed = *last != head.position;
            if changed && *last != 0 {
                self.freshness
                    .record(seconds_since(head, self.facts.clock.now()), &[]);
            }
            *last = head.position;
            changed
        });
        Ok(())
    }

    /// Notes that everything was heard that had been committed at a time since boot.
    fn prove(&self, begin: Duration) {
        let begin = u64::try_from(begin.as_nanos()).unwrap_or(u64::MAX);
        self.facts.proven.store(begin, Ordering::Release);
    }

    /// Reads how far the feeds are, and the last changes.
    async fn begin(&self, snapshot: &sea_orm::DatabaseTransaction) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for (cursor, feed) in found.cursors.iter_mut().zip(FEEDS) {
            *cursor = Some(cursors::position(snapshot, feed.name()).await?);
        }
        let latest = Store::latest_in(snapshot, BACKFILL).await?;
        let all = u64::try_from(latest.len()).unwrap_or(u64::MAX) < BACKFILL;
        // Of the oldest commit, not all may be among them.
        let oldest = latest.first().map_or(0, |(_, at)| *at);
        found.begin = Some(if all { 0 } else { oldest });
        found.changes = latest
            .into_iter()
            .filter_map(|(entity, at)| Some((Piece::parse(&entity)?, at)))
            .collect();
        Ok(found)
    }

    /// Reads what has changed, and adds what of it is in memory to `wanted`.
    async fn changes(
        &self,
        snapshot: &sea_orm::DatabaseTransaction,
        mut from: i64,
        wanted: &mut BTreeSet<Piece>,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        loop {
            let page = Store::backlog_in(snapshot, from).await?;
            let world = self.facts.world.read();
            for entry in page.entries {
                let Some(piece) = Piece::parse(&entry.entity) else {
                    continue;
                };
                if let Piece::Cursor(feed) = piece {
                    let at = entry.payload.as_slice().try_into().map(i64::from_be_bytes);
                    for (cursor, own) in found.cursors.iter_mut().zip(FEEDS) {
                        if own == feed {
                            *cursor = at.ok();
                        }
                    }
                } else if world.holds(&piece) {
                    wanted.insert(piece.clone());
                }
                found.changes.push((piece, entry.position));
            }
            from = page.position;
            if page.caught_up {
                return Ok(found);
            }
        }
    }
}

/// What the database says, if it says it in time.
async fn within<T>(
    time: Duration,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(time, read).await.unwrap_or(Err(StoreError::Late))
}

fn seconds_since(head: Head, now: Millis) -> f64 {
    let millis = u64::try_from(now.0.saturating_sub(head.commit.0)).unwrap_or_default();
    Duration::from_millis(millis).as_secs_f64()
}
