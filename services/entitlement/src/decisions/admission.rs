//! Checks that the decisions in Redis belong to this replica's history.
//!
//! The database may have gone back while no replica ran, or while this process was paused. Redis
//! may then hold decisions from the lost future, with the current epoch, because nobody has ended
//! it. So Redis holds a record of the newest published revision, and a replica replaces the record
//! only after it has checked that the record belongs to its own history.

use std::{sync::Arc, time::Duration};

use ::cache::{Cache, Entry};
use ::store::{Continuity, Cursor, Store, StoreError};
use freshness::{At, Contract, Record};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::redis_clock::{LIFE, millis};

/// Lifetime of the record. It outlives every decision written within [`LIFE`] after it.
const RECORD_LIFE: Duration = LIFE.saturating_mul(2);
/// Maximum number of attempts, because other replicas may replace the record meanwhile.
const ATTEMPTS: usize = 3;
/// Time limit of one check against the log.
const LOG: Duration = Duration::from_secs(1);

/// The revision up to which decisions in Redis are known to belong to this replica's history.
#[derive(Default)]
pub(super) struct Admitted(Mutex<Option<At>>);

impl Admitted {
    /// True if any decision in Redis may be used.
    pub(super) fn is_any(&self) -> bool {
        self.0.lock().is_some()
    }

    /// True if decisions made at this revision may be used.
    pub(super) fn covers(&self, made: At) -> bool {
        self.0
            .lock()
            .is_some_and(|admitted| made.is_known_at(admitted))
    }
}

/// Maintains the record.
pub(super) struct Admission {
    cache: Cache,
    key: String,
    store: Store,
    /// The record last found to belong to this history; empty if none was.
    known: String,
    /// Expiry of the record, by the clock of Redis.
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

    /// True if a decision that expires at a time of Redis's clock may be written.
    pub(super) fn covers(&self, made: At, expire_ms: i64) -> bool {
        expire_ms <= self.expire_ms && self.admitted.covers(made)
    }

    /// Checks that Redis holds nothing of another history, and advances the record to `own`, the
    /// newest revision to be published. Returns true if publishing is permitted.
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

    /// Returns the record of this replica's revision, or the known record if that is newer.
    fn newest(&self, own: Cursor) -> Record {
        let own = record(own);
        let known = Record::read(&self.known);
        let known = known.filter(|known| own.at.is_known_at(known.at));
        known.unwrap_or(own)
    }

    /// Returns true if this replica may replace the record. Begins another epoch if the log lacks
    /// the commit that the record names.
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
        // A published commit did happen, so a log without it has gone back.
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
