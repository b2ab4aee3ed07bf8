//! Records calls that change nothing: reads and refusals. One task writes them, many in one
//! transaction, so that a flood of them is only one writer among others. Their number is limited,
//! so that they do not fill the disk; the log holds a count of the entries that were left out.
//! While the database is away, entries wait up to the capacity of the queue.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::audit::{Budget, Entry};
use api::common::v1::AuditOutcome;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};
use types::{Id, OrganizationId};

use crate::{error::StoreError, store::Store, write::begin};

/// Maximum number of queued entries.
const MAX_QUEUED_ENTRIES: usize = 1024;
/// Maximum number of entries written in one transaction.
const MAX_ENTRIES_PER_TRANSACTION: usize = 256;
/// Maximum time that the caller waits for the record.
const RECORD_TIMEOUT: Duration = Duration::from_secs(1);
/// Time before a failed write is tried again.
const WRITE_RETRY_DELAY: Duration = Duration::from_millis(200);
/// The period of a budget.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// Takes entries for as long as a store lives.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<(Entry, oneshot::Sender<()>)>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// Starts to write to a store that has no recorder itself.
    pub(crate) fn start(store: Store) -> Self {
        let (queue, entries) = mpsc::channel(MAX_QUEUED_ENTRIES);
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
        // A timeout is fine: the entry was written or counted, or still will be.
        let _ = timeout(RECORD_TIMEOUT, written).await;
    }
}

impl Store {
    /// Records a read or a refusal. Returns once it is in the log, or counted there, or after a
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
    /// Separate from the reads, so that a caller cannot hide refusals behind reads.
    refusals: Budget,
    lost: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<(Entry, oneshot::Sender<()>)>) {
        let mut window = Instant::now() + BUDGET_WINDOW;
        let mut batch = Vec::with_capacity(MAX_ENTRIES_PER_TRANSACTION);
        loop {
            let received = timeout_at(
                window,
                queue.recv_many(&mut batch, MAX_ENTRIES_PER_TRANSACTION),
            )
            .await;
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
                window = Instant::now() + BUDGET_WINDOW;
                [self.refusals.end(), self.reads.end()].concat()
            } else {
                Vec::new()
            };
            self.write(entries, spent, &queue).await;
            drop(waiting);
        }
    }

    /// Writes entries as soon as the database accepts them, or counts them as lost.
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
            let later = is_temporary(&error) && !queue.is_closed();
            if !later || !std::mem::replace(&mut is_told, true) {
                tracing::error!(%error, entries = entries.len(), later, "the audit log cannot be written");
            }
            if !later {
                let lost = entries.iter().map(|entry| entry.dropped.max(1)).sum();
                self.lost.fetch_add(lost, Ordering::Relaxed);
                return;
            }
            sleep(WRITE_RETRY_DELAY).await;
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

/// True if the same write may succeed later.
fn is_temporary(error: &StoreError) -> bool {
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
