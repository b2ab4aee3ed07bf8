//! The task that keeps the facts current.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base::{Millis, OrganizationId};
use freshness::Journal;
use opentelemetry::{global, metrics::Histogram};
use store::{Head, Store, StoreError};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Facts, Piece, Request, load::load, patch::FEEDS};
use crate::store::{cursors, keys, view::View};

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

/// The task.
pub(super) struct Keeper {
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
    /// Starts the task.
    pub(super) fn start(
        facts: Arc<Facts>,
        store: Store,
        queue: mpsc::Receiver<Request>,
        stop: CancellationToken,
    ) {
        let keeper = Self {
            facts,
            store,
            freshness: global::meter("mandate")
                .f64_histogram("mandate.freshness")
                .with_unit("s")
                .with_description("From a commit until this replica answers from it.")
                .with_boundaries(BOUNDS.to_vec())
                .build(),
        };
        tokio::spawn(stop.run_until_cancelled_owned(keeper.run(queue)));
    }

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
        let (view, catalogs) = (View::now(&snapshot), &self.facts.catalogs);
        let loaded = load(view, catalogs, wanted, |organization| {
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
