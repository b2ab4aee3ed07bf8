//! Whether what Redis holds is of this replica's history.
//!
//! A database may have gone back while nobody ran, or while this process stood still, and Redis may
//! be full of the future that was lost: of this epoch, for nobody has ended it. So Redis holds a
//! record of the newest that was published there, and whoever puts another in its place has seen
//! that it is of the same history.

use std::{sync::Arc, time::Duration};

use ::cache::{Cache, Entry};
use ::store::{Continuity, Cursor, Store, StoreError};
use freshness::{At, Contract, Record};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::redis_clock::{LIFE, millis};

/// How long the record is kept after it was put: so long that no decision outlives it which was put
/// within [`LIFE`] after.
const RECORD_LIFE: Duration = LIFE.saturating_mul(2);
/// How often others may put another record while one is looked at.
const ATTEMPTS: usize = 3;
/// How long the log may take to say what it has.
const LOG: Duration = Duration::from_secs(1);

/// Up to where what Redis holds is known to be of this replica's history.
#[derive(Default)]
pub(super) struct Admitted(Mutex<Option<At>>);

impl Admitted {
    /// Whether anything in Redis may be used.
    pub(super) fn is_any(&self) -> bool {
        self.0.lock().is_some()
    }

    /// Whether what was made then may be used.
    pub(super) fn covers(&self, made: At) -> bool {
        self.0
            .lock()
            .is_some_and(|admitted| made.is_known_at(admitted))
    }
}

/// Keeps the record.
pub(super) struct Admission {
    cache: Cache,
    key: String,
    store: Store,
    /// The record as it was last seen to be of this history; empty if none was.
    known: String,
    /// When the record ends, by the clock of Redis.
    expire_ms: i64,
    admitted: Arc<Admitted>,
}

impl Admission {
    pub(super) fn new(
        cache: Cache,
        contract: &Contract,
        store: Store,
        admitted: Arc<Admitted>,
    ) -> Self {
        Self {
            cache,
            key: contract.history_key(),
            store,
            known: String::new(),
            expire_ms: 0,
            admitted,
        }
    }

    /// Whether a decision may be put that ends at a time of the clock of Redis.
    pub(super) fn covers(&self, made: At, expire_ms: i64) -> bool {
        expire_ms <= self.expire_ms && self.admitted.covers(made)
    }

    /// Sees that Redis holds nothing of another history, and puts into the record what is to be
    /// published: all up to `own`. Returns whether it may be.
    pub(super) async fn admit(&mut self, own: Cursor, redis_now_ms: i64) -> bool {
        for _ in 0..ATTEMPTS {
            let next = self.newest(own);
            let entry = Entry {
                key: self.key.clone(),
                value: next.to_string(),
                expire_ms: redis_now_ms + millis(RECORD_LIFE),
                longest_ms: millis(RECORD_LIFE),
            };
            let Ok(there) = self.cache.put_next(&self.known, &entry).await else {
                return false;
            };
            if there == entry.value {
                self.known = there;
                self.expire_ms = entry.expire_ms;
                *self.admitted.0.lock() = Some(record(own).at);
                return true;
            }
            if !self.is_of_this_history(own, &there).await {
                return false;
            }
            self.known = there;
        }
        false
    }

    /// The record of what this replica knows, or the one that others are further with.
    fn newest(&self, own: Cursor) -> Record {
        let own = record(own);
        let known = Record::read(&self.known);
        let known = known.filter(|known| own.at.is_known_at(known.at));
        known.unwrap_or(own)
    }

    /// Whether a record may be followed by one of this replica. If the log does not have what it
    /// names, another epoch begins.
    async fn is_of_this_history(&self, own: Cursor, there: &str) -> bool {
        let Some(found) = Record::read(there) else {
            return true;
        };
        if found.at.epoch < own.epoch {
            return true;
        }
        let ended = match timeout(LOG, self.continuity(&found)).await {
            Ok(Ok(Continuity::Proven | Continuity::Forgotten)) => {
                return found.at.epoch == own.epoch;
            }
            Ok(Ok(Continuity::Lost)) => found.at.epoch,
            Ok(Err(StoreError::EpochEnded(ended))) => ended,
            Ok(Err(_)) | Err(_) => return false,
        };
        tracing::warn!(
            record = there,
            "the cache holds decisions of a history that was lost"
        );
        if let Ok(Err(error)) = timeout(LOG, self.store.begin_epoch(ended)).await {
            tracing::warn!(%error, "a new epoch of the log cannot begin");
        }
        false
    }

    async fn continuity(&self, found: &Record) -> Result<Continuity, StoreError> {
        let At { epoch, revision } = found.at;
        // A commit that was published was made: a log without it went back.
        self.store.note_commit(epoch, revision);
        let (snapshot, head) = self.store.snapshot_with_head().await?;
        let cursor = Cursor {
            epoch,
            position: revision,
            mark: found.mark,
        };
        Store::continuity_in(&snapshot, &head, &cursor).await
    }
}

fn record(cursor: Cursor) -> Record {
    Record {
        at: At {
            epoch: cursor.epoch,
            revision: cursor.position,
        },
        mark: cursor.mark,
    }
}
