//! Metrics: the sources of answers and the freshness of this replica.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use opentelemetry::{KeyValue, global};

use crate::facts::Facts;

/// The source of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The facts in memory.
    Memory,
    /// A decision shared by another replica.
    Redis,
    /// Facts loaded from the store for it.
    Store,
}

/// Counters. Clones share them; a hot answer costs one addition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measures(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    memory: AtomicU64,
    redis: AtomicU64,
    store: AtomicU64,
    stale: AtomicU64,
    refused: AtomicU64,
    put: AtomicU64,
    put_failed: AtomicU64,
    not_shared: AtomicU64,
}

impl Measures {
    /// Counts an answer.
    pub(crate) fn answered(&self, tier: Tier) {
        one(match tier {
            Tier::Memory => &self.0.memory,
            Tier::Redis => &self.0.redis,
            Tier::Store => &self.0.store,
        });
    }

    /// Counts a shared decision that a change has outdated.
    pub(crate) fn stale(&self) {
        one(&self.0.stale);
    }

    /// Counts an answer refused because the facts were not current.
    pub(crate) fn refused(&self) {
        one(&self.0.refused);
    }

    /// Counts a write to Redis.
    pub(crate) fn put(&self, done: bool) {
        one(if done {
            &self.0.put
        } else {
            &self.0.put_failed
        });
    }

    /// Counts a decision that was not shared because the queue was full.
    pub(crate) fn not_shared(&self) {
        one(&self.0.not_shared);
    }

    /// Publishes the counters and the lease of the facts.
    pub(crate) fn publish(&self, facts: &Arc<Facts>) {
        let meter = global::meter("mandate");
        let counts = self.0.clone();
        meter
            .u64_observable_counter("mandate.decisions")
            .with_description("Answers, by source.")
            .with_callback(move |observer| {
                for (tier, count) in [
                    ("memory", &counts.memory),
                    ("redis", &counts.redis),
                    ("store", &counts.store),
                ] {
                    observer.observe(value(count), &[KeyValue::new("tier", tier)]);
                }
            })
            .build();
        let counter = |name, description, count: fn(&Counts) -> &AtomicU64| {
            let counts = self.0.clone();
            meter
                .u64_observable_counter(name)
                .with_description(description)
                .with_callback(move |observer| observer.observe(value(count(&counts)), &[]))
                .build();
        };
        counter(
            "mandate.decisions.stale",
            "Shared decisions found in Redis that a change had outdated.",
            |counts| &counts.stale,
        );
        counter(
            "mandate.decisions.refused",
            "Answers refused because the facts were not current.",
            |counts| &counts.refused,
        );
        counter(
            "mandate.decisions.not_shared",
            "Decisions not shared because the queue was full.",
            |counts| &counts.not_shared,
        );
        let counts = self.0.clone();
        meter
            .u64_observable_counter("mandate.redis.puts")
            .with_description("Writes to Redis, by outcome.")
            .with_callback(move |observer| {
                for (outcome, count) in [("done", &counts.put), ("failed", &counts.put_failed)] {
                    observer.observe(value(count), &[KeyValue::new("outcome", outcome)]);
                }
            })
            .build();
        let facts = Arc::downgrade(facts);
        meter
            .f64_observable_gauge("mandate.lease.left")
            .with_unit("s")
            .with_description("Time left for answers from memory; 0 without a lease.")
            .with_callback(move |observer| {
                if let Some(facts) = facts.upgrade() {
                    observer.observe(facts.lease_left().as_secs_f64(), &[]);
                }
            })
            .build();
    }
}

fn one(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn value(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
