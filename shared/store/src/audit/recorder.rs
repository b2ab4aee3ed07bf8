//! Records what changed nothing: reads and refusals. They are written by one task, many in one
//! transaction, so that a flood of them is one writer among others; and bounded in number, so that
//! it does not fill the disk. What is not recorded is counted, and the log says so. While the
//! database is away, as many wait as there is room for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::audit::{Budget, Entry};
use api::common::v1::AuditOutcome;
use base::{Id, OrganizationId};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{error::StoreError, open::Store, write::begin};

/// How many may wait.
const QUEUE: usize = 1024;
/// How many are written in one transaction.
const BATCH: usize = 256;
/// How long who called waits for the record.
const WAIT: Duration = Duration::from_secs(1);
/// How long to wait before what could not be written is written again.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a budget is for.
const WINDOW: Duration = Duration::from_secs(10);

/// Takes entries, as long as a store lives.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<(Entry, oneshot::Sender<()>)>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// Begins to write to a store, which does not record itself.
    pub(crate) fn start(store: Store) -> Self {
        let (queue, entries) = mpsc::channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let writer = Writer {
            store,
            reads: Budget::default(),
            refusals: Budget::default(),
            lost: lost.clone(),
        };
        tokio::spawn(writer.run(entries));
        Self { queue, lost }
    }

    async fn record(&self, entry: Entry) {
        let (done, written) = oneshot::channel();
        if self.queue.try_send((entry, done)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Whether it was written or counted, or is still to be.
        let _ = timeout(WAIT, written).await;
    }
}

impl Store {
    /// Records a read or a refusal; returns once it is in the log, or counted there, or after a
    /// second.
    pub async fn record(&self, entry: Entry) {
        if let Some(recorder) = &self.recorder {
            recorder.record(entry).await;
        }
    }
}

struct Writer {
    store: Store,
    reads: Budget,
    /// Apart, so that nobody hides what they were refused behind what they read.
    refusals: Budget,
    lost: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<(Entry, oneshot::Sender<()>)>) {
        let mut window = Instant::now() + WINDOW;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = timeout_at(window, queue.recv_many(&mut batch, BATCH)).await;
            if received == Ok(0) {
                return;
            }
            let (entries, waiting): (Vec<Entry>, Vec<_>) = batch
                .drain(..)
                .filter(|(entry, _): &(Entry, _)| {
                    let budget = match entry.outcome {
                        AuditOutcome::Refused => &mut self.refusals,
                        _ => &mut self.reads,
                    };
                    budget.take(&entry.actor)
                })
                .unzip();
            let spent = if Instant::now() >= window {
                window = Instant::now() + WINDOW;
                [self.refusals.end(), self.reads.end()].concat()
            } else {
                Vec::new()
            };
            self.write(entries, spent, &queue).await;
            drop(waiting);
        }
    }

    /// Writes entries, as soon as the database lets it, or counts them.
    async fn write(
        &self,
        mut entries: Vec<Entry>,
        spent: Vec<(String, u64)>,
        queue: &mpsc::Receiver<(Entry, oneshot::Sender<()>)>,
    ) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let spent = spent.into_iter().chain([(String::new(), lost)]);
        entries.extend(spent.filter(|(_, count)| *count > 0).map(dropped));
        if entries.is_empty() {
            return;
        }
        let mut is_told = false;
        while let Err(error) = self.commit(&entries).await {
            let later = is_away(&error) && !queue.is_closed();
            if !later || !std::mem::replace(&mut is_told, true) {
                tracing::error!(%error, entries = entries.len(), later, "the audit log cannot be written");
            }
            if !later {
                let lost = entries.iter().map(|entry| entry.dropped.max(1)).sum();
                self.lost.fetch_add(lost, Ordering::Relaxed);
                return;
            }
            sleep(PAUSE).await;
        }
    }

    async fn commit(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let store = &self.store;
        let tx = begin(store).await?;
        let records = super::prepare(&tx, &store.chain, entries, store.clock.now()).await?;
        super::append(&tx, &store.chain, records).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether the same may succeed later.
fn is_away(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unavailable(_) | StoreError::Late | StoreError::Away
    )
}

fn dropped((actor, dropped): (String, u64)) -> Entry {
    Entry {
        organization: OrganizationId::operator().as_str().to_owned(),
        outcome: AuditOutcome::Dropped,
        actor,
        dropped,
        ..Entry::default()
    }
}
