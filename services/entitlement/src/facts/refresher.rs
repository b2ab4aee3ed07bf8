//! The task that keeps the facts current.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use freshness::{At, Journal};
use opentelemetry::{
    global,
    metrics::{Counter, Histogram},
};
use store::{Continuity, Cursor, Head, Store, StoreError, Transaction};
use tasks::Tasks;
use tokio::{sync::mpsc, time::timeout};
use types::{Epoch, OrganizationId, Seldom, UnixTime};

use super::{FactKey, FactSnapshot, Facts, Request, apply::FEEDS, load::load};
use crate::store::{
    cursors::{self, FeedCursor},
    keys,
    view::View,
};

/// Number of recent changes to read at startup. With them, the process can tell which decisions
/// that replicas shared since then are out of date.
const MAX_BACKFILL_CHANGES: u64 = 4096;
/// Time limits of one read of the end of the log, and of a whole refresh. A connection whose route
/// was dropped never reports an error; after the limit another connection is tried.
const HEAD_READ_TIMEOUT: Duration = Duration::from_secs(1);
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);
/// Upper bounds of the freshness histogram's buckets, in seconds.
const FRESHNESS_BUCKETS_SECONDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

/// The refresher.
pub(super) struct Refresher {
    facts: Arc<Facts>,
    store: Store,
    /// Time from a commit until this replica answers from it, in seconds.
    freshness: Histogram<f64>,
    /// Number of times that the log did not continue the history in memory.
    forgotten: Counter<u64>,
}

/// The result of one read of the log.
#[derive(Default)]
struct Found {
    /// Changed fact keys with the positions of the changes.
    changes: Vec<(FactKey, i64)>,
    /// Positions up to which each feed was applied, for the feeds that moved.
    feeds: [Option<FeedCursor>; 2],
    /// If a new journal begins: the position after which `changes` are complete.
    begin: Option<i64>,
}

impl Refresher {
    /// Starts the refresher.
    pub(super) fn start(
        facts: Arc<Facts>,
        store: Store,
        queue: mpsc::Receiver<Request>,
        tasks: &Tasks,
    ) {
        let meter = global::meter("mandate");
        let keeper = Self {
            facts,
            store,
            forgotten: meter
                .u64_counter("mandate.memory.forgotten")
                .with_description("Times that memory was dropped because the log went back.")
                .build(),
            freshness: meter
                .f64_histogram("mandate.freshness")
                .with_unit("s")
                .with_description("Time from a commit until this replica answers from it.")
                .with_boundaries(FRESHNESS_BUCKETS_SECONDS.to_vec())
                .build(),
        };
        tasks.run("facts", keeper.run(queue));
    }

    async fn run(self, mut queue: mpsc::Receiver<Request>) {
        let mut commits = self.store.subscribe();
        let mut waiting = Vec::new();
        let (seldom, mut failures) = (Seldom::new(), 0u32);
        loop {
            commits.mark_unchanged();
            // One snapshot serves all requests that wait now.
            while let Ok(request) = queue.try_recv() {
                waiting.push(request);
            }
            let wanted = waiting
                .iter_mut()
                .flat_map(|request: &mut Request| request.pieces.drain(..))
                .collect();
            let result = with_timeout(REFRESH_TIMEOUT, self.refresh(wanted))
                .await
                .map_err(Arc::new);
            failures = match &result {
                Err(error) if is_unavailable(error) => failures.saturating_add(1),
                _ => 0,
            };
            if let Err(error) = &result
                && let Some(untold) = seldom.tells(&error.to_string(), Instant::now())
            {
                tracing::warn!(%error, untold, "the log of changes cannot be read");
            }
            let known = result.as_ref().err().filter(|_| failures > 1);
            *self.facts.away.write() = known.cloned();
            for request in waiting.drain(..) {
                // A caller that no longer waits needs no answer.
                let _ = request.done.send(result.clone());
            }
            // Only after the waiting callers were answered: a write among them may hold the log
            // lock.
            if let Err(error) = &result
                && let StoreError::EpochEnded(ended) = **error
                && self.leave_history(ended).await
            {
                continue;
            }
            if failures == 1 {
                // Perhaps only the connection failed: try another one immediately.
                continue;
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

    /// Leaves a history that the log no longer has: stops answers from memory and begins a new
    /// epoch for all replicas. Returns true if the epoch has begun.
    async fn leave_history(&self, ended: Epoch) -> bool {
        self.facts.proven.store(0, Ordering::Release);
        let begun = with_timeout(REFRESH_TIMEOUT, self.store.begin_epoch(ended)).await;
        if let Err(error) = &begun {
            tracing::warn!(%error, "a new epoch of the log cannot begin");
        }
        begun.is_ok()
    }

    /// Returns the position to continue from: the start, if the log lacks the history in memory.
    async fn resume(&self, snapshot: &Transaction, head: &Head) -> Result<i64, StoreError> {
        let known = self.facts.world.read().cursor;
        match Store::continuity_in(snapshot, head, &known).await? {
            Continuity::Proven => Ok(known.position),
            Continuity::Lost if head.cursor.epoch == known.epoch => {
                Err(StoreError::EpochEnded(known.epoch))
            }
            lost => {
                self.facts.proven.store(0, Ordering::Release);
                self.forgotten.add(1, &[]);
                tracing::warn!(
                    ?lost,
                    known = known.position,
                    head = head.cursor.position,
                    epoch = %head.cursor.epoch,
                    "memory is not of this history and is forgotten"
                );
                Ok(0)
            }
        }
    }

    /// Brings the facts in memory to the end of the log.
    async fn refresh(&self, mut wanted: BTreeSet<FactKey>) -> Result<(), StoreError> {
        // A lease counts from before the read that proves it.
        let begin = self.facts.clock.since_boot();
        let known = self.facts.world.read().cursor;
        let is_empty = known == Cursor::START;
        if !is_empty
            && wanted.is_empty()
            && with_timeout(HEAD_READ_TIMEOUT, self.store.head())
                .await?
                .cursor
                == known
        {
            self.renew_lease(begin);
            return Ok(());
        }
        let (snapshot, head) =
            with_timeout(HEAD_READ_TIMEOUT, self.store.snapshot_with_head()).await?;
        let from = if is_empty {
            0
        } else {
            self.resume(&snapshot, &head).await?
        };
        let forgets = from == 0;
        let found = if forgets {
            wanted.insert(FactKey::Catalog);
            // The operator's staff and backends call first, and about everybody.
            wanted.insert(FactKey::Organization(OrganizationId::operator()));
            let keys = keys::ids(&snapshot).await?;
            wanted.extend(keys.into_iter().map(|id| FactKey::Key(id.into())));
            self.begin(&snapshot).await?
        } else {
            self.changes(&snapshot, &head, from, &mut wanted).await?
        };
        // A new catalog drops the organizations from memory, so each is loaded completely again.
        let anew = forgets || wanted.contains(&FactKey::Catalog);
        let (view, catalogs) = (View::now(&snapshot), &self.facts.catalogs);
        let loaded = load(view, catalogs, wanted, |organization| {
            let is_known = !anew && self.facts.world.read().knows(organization);
            (!is_known).then_some(self.facts.settings.whole)
        });
        let loaded = loaded.await?;
        snapshot.commit().await?;
        {
            let mut world = self.facts.world.write();
            if forgets {
                *world = FactSnapshot::default();
            }
            // Evict before inserting, so that what was just requested survives until the next
            // refresh.
            world.evict(self.facts.settings.memory);
            world.apply(loaded, head.cursor, found.feeds);
            let replaying = world.feeds.iter().any(|feed| feed.replaying);
            self.facts.replaying.store(replaying, Ordering::Release);
            let at = At {
                epoch: head.cursor.epoch,
                revision: head.cursor.position,
            };
            let mut journal = match found.begin {
                Some(floor) => Journal::since(at.epoch, floor),
                None => std::mem::take(&mut world.journal),
            };
            for (piece, at) in &found.changes {
                if let Some(change) = piece.change() {
                    journal.note(change, *at);
                }
            }
            journal.advance(at);
            world.journal = journal;
        }
        self.renew_lease(begin);
        self.facts.revisions.send_if_modified(|last| {
            let changed = *last != head.cursor;
            if changed && last.position != 0 {
                self.freshness
                    .record(seconds_since(head, self.facts.clock.now()), &[]);
            }
            *last = head.cursor;
            changed
        });
        Ok(())
    }

    /// Records that every change committed before `begin`, a time since boot, is in memory.
    fn renew_lease(&self, begin: Duration) {
        let begin = u64::try_from(begin.as_nanos()).unwrap_or(u64::MAX);
        self.facts.proven.store(begin, Ordering::Release);
    }

    /// Reads the positions of the feeds and the most recent changes.
    async fn begin(&self, snapshot: &Transaction) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for (own, feed) in found.feeds.iter_mut().zip(FEEDS) {
            *own = Some(cursors::find(snapshot, feed.name()).await?);
        }
        let latest = Store::latest_in(snapshot, MAX_BACKFILL_CHANGES).await?;
        let all = u64::try_from(latest.len()).unwrap_or(u64::MAX) < MAX_BACKFILL_CHANGES;
        // The list may hold only part of the oldest commit.
        let oldest = latest.first().map_or(0, |(_, at)| *at);
        found.begin = Some(if all { 0 } else { oldest });
        found.changes = latest
            .into_iter()
            .filter_map(|(entity, at)| Some((FactKey::parse(&entity)?, at)))
            .collect();
        Ok(found)
    }

    /// Reads the changes after `from`, and adds the changed keys that are in memory to `wanted`.
    async fn changes(
        &self,
        snapshot: &Transaction,
        head: &Head,
        mut from: i64,
        wanted: &mut BTreeSet<FactKey>,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        loop {
            let page = Store::backlog_in(snapshot, head, from).await?;
            let world = self.facts.world.read();
            for entry in page.entries {
                let Some(piece) = FactKey::parse(&entry.entity) else {
                    continue;
                };
                if let FactKey::Cursor(feed) = piece {
                    for (own, of) in found.feeds.iter_mut().zip(FEEDS) {
                        if of == feed {
                            *own = FeedCursor::from_bytes(&entry.payload);
                        }
                    }
                } else if world.holds(&piece) {
                    wanted.insert(piece.clone());
                }
                found.changes.push((piece, entry.position));
            }
            from = page.cursor.position;
            if page.caught_up {
                return Ok(found);
            }
        }
    }
}

/// True if the database did not answer; an immediate retry would fail, too.
fn is_unavailable(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unavailable(_) | StoreError::Late | StoreError::Away
    )
}

/// Returns the result of `read`, or `StoreError::Late` after `time`.
async fn with_timeout<T>(
    time: Duration,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(time, read).await.unwrap_or(Err(StoreError::Late))
}

fn seconds_since(head: Head, now: UnixTime) -> f64 {
    let millis = u64::try_from(now.0.saturating_sub(head.commit.0)).unwrap_or_default();
    Duration::from_millis(millis).as_secs_f64()
}
