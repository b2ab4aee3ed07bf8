//! Counters of answers by source.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

use opentelemetry::{KeyValue, global};

/// Counters of one client, since it was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Answers from the memory of the client.
    pub local: u64,
    /// Answers that the client read in Redis.
    pub redis: u64,
    /// Answers on streams.
    pub stream: u64,
    /// Answers of unary calls.
    pub unary: u64,
    /// Questions that Redis could not answer.
    pub redis_missed: u64,
    /// Questions that a backend without streams answered by a unary call.
    pub not_streamed: u64,
    /// Retries after a failure.
    pub retries: u64,
    /// Questions sent to a second backend because the first was slow.
    pub hedges: u64,
    /// Questions that ended with an error.
    pub errors: u64,
}

/// The counters in use.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    pub(crate) local: AtomicU64,
    pub(crate) redis: AtomicU64,
    pub(crate) stream: AtomicU64,
    pub(crate) unary: AtomicU64,
    pub(crate) redis_missed: AtomicU64,
    pub(crate) not_streamed: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) hedges: AtomicU64,
    pub(crate) errors: AtomicU64,
}

/// Increments a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Measures {
    pub(crate) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            local: read(&self.local),
            redis: read(&self.redis),
            stream: read(&self.stream),
            unary: read(&self.unary),
            redis_missed: read(&self.redis_missed),
            not_streamed: read(&self.not_streamed),
            retries: read(&self.retries),
            hedges: read(&self.hedges),
            errors: read(&self.errors),
        }
    }

    /// Registers the counters with the meter of the process, which reads them at each export, for
    /// as long as the client lives.
    pub(crate) fn publish(self: &Arc<Self>) {
        let observe = |name: &'static str,
                       description: &'static str,
                       label: &'static str,
                       read: fn(&Counts) -> Vec<(&'static str, u64)>| {
            let measures: Weak<Self> = Arc::downgrade(self);
            global::meter("mandate-client")
                .u64_observable_counter(name)
                .with_description(description)
                .with_callback(move |observer| {
                    let Some(measures) = measures.upgrade() else {
                        return;
                    };
                    for (value, number) in read(&measures.counts()) {
                        observer.observe(number, &[KeyValue::new(label, value)]);
                    }
                })
                .build();
        };
        observe(
            "mandate.client.answers",
            "Answers by source.",
            "path",
            |counts| {
                vec![
                    ("local", counts.local),
                    ("redis", counts.redis),
                    ("stream", counts.stream),
                    ("unary", counts.unary),
                ]
            },
        );
        observe(
            "mandate.client.fallbacks",
            "Questions that a cheaper path could not answer.",
            "from",
            |counts| {
                vec![
                    ("redis", counts.redis_missed),
                    ("stream", counts.not_streamed),
                ]
            },
        );
        observe(
            "mandate.client.second_tries",
            "Second tries by cause.",
            "why",
            |counts| vec![("failed", counts.retries), ("slow", counts.hedges)],
        );
        observe(
            "mandate.client.errors",
            "Questions that ended without an answer.",
            "kind",
            |counts| vec![("any", counts.errors)],
        );
    }
}
