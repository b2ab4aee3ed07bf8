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
const CALLER_BYTES: usize = 32 * 1024 * 1024;
const ALL_BYTES: usize = 128 * 1024 * 1024;
/// Maximum number of concurrent changes of one caller; its other changes wait. While one is
/// committed, the next is prepared.
const CHANGES_AT_A_TIME: usize = 2;
/// Maximum number of concurrent batches of one caller, and of scans.
const BATCHES_AT_A_TIME: usize = 2;
const SCANS_AT_A_TIME: usize = 2;
/// Maximum number of idle callers that are remembered.
const REMEMBERED_CALLERS: usize = 10_000;

/// Number of parts of the map of callers: threads that serve different callers rarely wait for one
/// another.
const PARTS: usize = 64;

/// The quotas of all callers.
#[derive(Debug)]
pub(crate) struct Shares {
    parts: [Mutex<Callers>; PARTS],
    hasher: RandomState,
    bytes: Arc<AtomicUsize>,
    calls_per_caller: usize,
}

type Callers = HashMap<Box<str>, Arc<Share>, RandomState>;

impl Shares {
    pub(crate) fn new(calls_per_caller: usize) -> Self {
        Self {
            parts: [(); PARTS].map(|()| Mutex::default()),
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

    fn of(&self, caller: &str) -> Arc<Share> {
        let mut part = self.part(caller);
        if let Some(share) = part.get(caller) {
            return share.clone();
        }
        if part.len() >= REMEMBERED_CALLERS / PARTS {
            part.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let share = Arc::new(Share::new(self.bytes.clone()));
        part.insert(caller.into(), share.clone());
        share
    }

    fn part(&self, caller: &str) -> MutexGuard<'_, Callers> {
        let hash = self.hasher.hash_one(caller);
        // The number of parts is small.
        let at = usize::try_from(hash % PARTS as u64).unwrap_or_default();
        let [first, ..] = &self.parts;
        let part = self.parts.get(at).unwrap_or(first);
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The concurrent work of one caller.
#[derive(Debug)]
pub(crate) struct Share {
    calls: AtomicUsize,
    bytes: AtomicUsize,
    bytes_of_all: Arc<AtomicUsize>,
    changes: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    scans: Arc<Semaphore>,
}

impl Share {
    fn new(bytes_of_all: Arc<AtomicUsize>) -> Self {
        let turns = |count| Arc::new(Semaphore::new(count));
        Self {
            calls: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            bytes_of_all,
            changes: turns(CHANGES_AT_A_TIME),
            batches: turns(BATCHES_AT_A_TIME),
            scans: turns(SCANS_AT_A_TIME),
        }
    }

    /// Waits for a slot of the caller for a kind of work; dropping the returned value frees it. A
    /// single question needs no slot.
    pub(crate) async fn turn(&self, work: Work) -> Option<OwnedSemaphorePermit> {
        let turns = match work {
            Work::One => return None,
            Work::Change => &self.changes,
            Work::Batch => &self.batches,
            Work::Scan => &self.scans,
        };
        // The semaphores are never closed.
        turns.clone().acquire_owned().await.ok()
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
        if own + bytes > CALLER_BYTES {
            return Err(Fault::caller_limit("message bytes", CALLER_BYTES));
        }
        if all + bytes > ALL_BYTES {
            return Err(Fault::overloaded());
        }
        Ok(room)
    }
}

/// A call in progress.
#[derive(Debug)]
pub(crate) struct CallUnderWay(pub(crate) Arc<Share>);

impl Drop for CallUnderWay {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room for a message.
#[derive(Debug)]
pub(crate) struct Room {
    share: Arc<Share>,
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
pub struct Turns(pub(crate) Option<Arc<Share>>);

impl Turns {
    /// Returns the slots of the caller of a stream.
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Waits until the caller may have another batch answered.
    pub async fn batch(&self) -> Option<OwnedSemaphorePermit> {
        let share = self.0.as_ref()?;
        let turn = share.turn(Work::Batch).await;
        // Let other ready tasks go first.
        tokio::task::yield_now().await;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_takes_no_more_than_its_share_and_gives_it_back() {
        let shares = Shares::new(2);
        let first = shares.begin("one").unwrap();
        let second = shares.begin("one").unwrap();
        assert!(shares.begin("one").is_err());
        assert!(shares.begin("other").is_ok());
        drop(second);
        assert!(shares.begin("one").is_ok());

        let half = first.0.room(CALLER_BYTES / 2).unwrap();
        let rest = first.0.room(CALLER_BYTES / 2).unwrap();
        assert!(first.0.room(1).is_err());
        assert!(shares.begin("other").unwrap().0.room(1).is_ok());
        drop((half, rest));
        assert!(first.0.room(CALLER_BYTES).is_ok());
        assert_eq!(shares.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn callers_with_nothing_under_way_are_forgotten() {
        let shares = Shares::new(1);
        let busy = shares.begin("busy").unwrap();
        for number in 0..2 * REMEMBERED_CALLERS {
            shares.begin(&number.to_string()).unwrap();
        }
        let parts = shares.parts.iter().map(|part| part.lock().unwrap().len());
        assert!(parts.sum::<usize>() <= REMEMBERED_CALLERS);
        assert!(shares.begin("busy").is_err());
        drop(busy);
    }
}
