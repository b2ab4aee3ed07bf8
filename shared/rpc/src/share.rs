//! Quotas of a caller's concurrent work, so that one caller cannot crowd out all others.

use std::{
    collections::HashMap,
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use api::Work;
use foldhash::fast::RandomState;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fault::Fault;

/// Maximum bytes of arriving messages, of one caller and of all.
const MAX_BYTES_PER_CALLER: usize = 32 * 1024 * 1024;
const MAX_BYTES_IN_ALL: usize = 128 * 1024 * 1024;
/// Maximum number of concurrent changes of one caller; its other changes wait. While one is
/// committed, the next is prepared.
const MAX_CONCURRENT_CHANGES: usize = 2;
/// Maximum number of concurrent batches of one caller, and of scans.
const MAX_CONCURRENT_BATCHES: usize = 2;
const MAX_CONCURRENT_SCANS: usize = 2;
/// Maximum number of idle callers that are remembered.
const MAX_REMEMBERED_CALLERS: usize = 10_000;

/// Number of parts of the map of callers: threads that serve different callers rarely wait for one
/// another.
const CALLER_MAP_PARTS: usize = 64;

/// The quotas of all callers.
#[derive(Debug)]
pub(crate) struct Quotas {
    parts: [Mutex<Callers>; CALLER_MAP_PARTS],
    hasher: RandomState,
    bytes: Arc<AtomicUsize>,
    calls_per_caller: usize,
}

type Callers = HashMap<Box<str>, Arc<Quota>, RandomState>;

impl Quotas {
    pub(crate) fn new(calls_per_caller: usize) -> Self {
        Self {
            parts: [(); CALLER_MAP_PARTS].map(|()| Mutex::default()),
            hasher: RandomState::default(),
            bytes: Arc::default(),
            calls_per_caller,
        }
    }

    /// Begins a call of a caller; dropping the returned value ends it.
    ///
    /// # Errors
    /// The caller has reached its limit of concurrent calls.
    pub(crate) fn begin(&self, caller: &str) -> Result<CallUnderWay, Fault> {
        let share = self.of(caller);
        let before = share.calls.fetch_add(1, Ordering::Relaxed);
        let call = CallUnderWay(share);
        if before >= self.calls_per_caller {
            return Err(Fault::caller_limit("calls", self.calls_per_caller));
        }
        Ok(call)
    }

    fn of(&self, caller: &str) -> Arc<Quota> {
        let mut part = self.part(caller);
        if let Some(share) = part.get(caller) {
            return share.clone();
        }
        if part.len() >= MAX_REMEMBERED_CALLERS / CALLER_MAP_PARTS {
            part.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let share = Arc::new(Quota::new(self.bytes.clone()));
        part.insert(caller.into(), share.clone());
        share
    }

    fn part(&self, caller: &str) -> MutexGuard<'_, Callers> {
        let hash = self.hasher.hash_one(caller);
        // The number of parts is small.
        let at = usize::try_from(hash % CALLER_MAP_PARTS as u64).unwrap_or_default();
        let [first, ..] = &self.parts;
        let part = self.parts.get(at).unwrap_or(first);
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The concurrent work of one caller.
#[derive(Debug)]
pub(crate) struct Quota {
    calls: AtomicUsize,
    bytes: AtomicUsize,
    bytes_of_all: Arc<AtomicUsize>,
    changes: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    scans: Arc<Semaphore>,
}

impl Quota {
    fn new(bytes_of_all: Arc<AtomicUsize>) -> Self {
        let slots = |count| Arc::new(Semaphore::new(count));
        Self {
            calls: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            bytes_of_all,
            changes: slots(MAX_CONCURRENT_CHANGES),
            batches: slots(MAX_CONCURRENT_BATCHES),
            scans: slots(MAX_CONCURRENT_SCANS),
        }
    }

    /// Waits for a slot of the caller for a kind of work; dropping the returned value frees it. A
    /// single question needs no slot.
    pub(crate) async fn slot(&self, work: Work) -> Option<OwnedSemaphorePermit> {
        let slots = match work {
            Work::One => return None,
            Work::Change => &self.changes,
            Work::Batch => &self.batches,
            Work::Scan => &self.scans,
        };
        // The semaphores are never closed.
        slots.clone().acquire_owned().await.ok()
    }

    /// Takes room for an arriving message; dropping the returned value returns it.
    ///
    /// # Errors
    /// There is no room left, for the caller or at all.
    pub(crate) fn room(self: &Arc<Self>, bytes: usize) -> Result<Room, Fault> {
        let room = Room {
            share: self.clone(),
            bytes,
        };
        let own = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let all = self.bytes_of_all.fetch_add(bytes, Ordering::Relaxed);
        if own + bytes > MAX_BYTES_PER_CALLER {
            return Err(Fault::caller_limit("message bytes", MAX_BYTES_PER_CALLER));
        }
        if all + bytes > MAX_BYTES_IN_ALL {
            return Err(Fault::overloaded());
        }
        Ok(room)
    }
}

/// A call in progress.
#[derive(Debug)]
pub(crate) struct CallUnderWay(pub(crate) Arc<Quota>);

impl Drop for CallUnderWay {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room for a message.
#[derive(Debug)]
pub(crate) struct Room {
    share: Arc<Quota>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.share.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.share
            .bytes_of_all
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The slots of a stream's caller, for the messages of the stream.
#[derive(Debug, Clone, Default)]
pub struct Slots(pub(crate) Option<Arc<Quota>>);

impl Slots {
    /// Returns the slots of the caller of a stream.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Waits until the caller may have another batch answered.
    pub async fn batch(&self) -> Option<OwnedSemaphorePermit> {
        let share = self.0.as_ref()?;
        let slot = share.slot(Work::Batch).await;
        // Let other ready tasks go first.
        tokio::task::yield_now().await;
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_takes_no_more_than_its_share_and_gives_it_back() {
        let shares = Quotas::new(2);
        let first = shares.begin("one").unwrap();
        let second = shares.begin("one").unwrap();
        assert!(shares.begin("one").is_err());
        assert!(shares.begin("other").is_ok());
        drop(second);
        assert!(shares.begin("one").is_ok());

        let half = first.0.room(MAX_BYTES_PER_CALLER / 2).unwrap();
        let rest = first.0.room(MAX_BYTES_PER_CALLER / 2).unwrap();
        assert!(first.0.room(1).is_err());
        assert!(shares.begin("other").unwrap().0.room(1).is_ok());
        drop((half, rest));
        assert!(first.0.room(MAX_BYTES_PER_CALLER).is_ok());
        assert_eq!(shares.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn callers_with_nothing_under_way_are_forgotten() {
        let shares = Quotas::new(1);
        let busy = shares.begin("busy").unwrap();
        for number in 0..2 * MAX_REMEMBERED_CALLERS {
            shares.begin(&number.to_string()).unwrap();
        }
        let parts = shares.parts.iter().map(|part| part.lock().unwrap().len());
        assert!(parts.sum::<usize>() <= MAX_REMEMBERED_CALLERS);
        assert!(shares.begin("busy").is_err());
        drop(busy);
    }
}
