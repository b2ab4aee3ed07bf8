//! The load and the health of a backend.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// First period for which a failed backend is avoided; it doubles after each further failure …
const FIRST: Duration = Duration::from_millis(25);
/// … up to this.
const LAST: Duration = Duration::from_secs(1);

/// Calls in flight.
#[derive(Debug, Default)]
pub struct Load(AtomicUsize);

impl Load {
    /// Counts the start of a call.
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of a call.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the number of calls in flight.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The health of a backend, by its failures in a row.
#[derive(Debug)]
pub struct Health {
    epoch: Instant,
    /// The time until which it is avoided, in milliseconds since `epoch`.
    avoided_ms: AtomicU64,
    /// The time until which other backends are preferred.
    slow_ms: AtomicU64,
    failures: AtomicU32,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            epoch: Instant::now(),
            avoided_ms: AtomicU64::new(0),
            slow_ms: AtomicU64::new(0),
            failures: AtomicU32::new(0),
        }
    }
}

impl Health {
    /// True if it may be asked.
    pub fn is_good(&self, now: Instant) -> bool {
        let slow = self.slow_ms.load(Ordering::Relaxed);
        self.is_reachable(now) && (slow == 0 || self.millis(now) >= slow)
    }

    /// True if it may be asked when there is no better backend.
    pub fn is_reachable(&self, now: Instant) -> bool {
        let avoided = self.avoided_ms.load(Ordering::Relaxed);
        avoided == 0 || self.millis(now) >= avoided
    }

    /// Records silence while a caller waited: other backends are preferred for a while.
    pub fn was_silent(&self, now: Instant) {
        let until = self.millis(now + LAST);
        self.slow_ms.store(until, Ordering::Relaxed);
    }

    /// Records a failure: the backend is avoided for a short time.
    pub fn failed(&self, now: Instant) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        let pause = LAST.min(FIRST * (1 << before.min(10)));
        // Up to a third shorter, so that many clients do not return at the same time.
        let jitter = Duration::from_nanos(u64::from(now.elapsed().subsec_nanos()) % 1024 * 1024);
        let pause = pause.saturating_sub(jitter.min(pause / 3));
        let until = self.millis(now + pause) + 1;
        self.avoided_ms.fetch_max(until, Ordering::Relaxed);
    }

    /// Records an answer.
    pub fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.avoided_ms.store(0, Ordering::Relaxed);
        }
        if self.slow_ms.load(Ordering::Relaxed) != 0 {
            self.slow_ms.store(0, Ordering::Relaxed);
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_avoided_for_longer_each_time_and_forgotten_with_an_answer() {
        let (health, now) = (Health::default(), Instant::now());
        assert!(health.is_good(now));
        health.failed(now);
        assert!(!health.is_good(now));
        assert!(health.is_good(now + 2 * FIRST));
        for _ in 0..20 {
            health.failed(now);
        }
        assert!(!health.is_good(now + LAST / 2));
        assert!(health.is_good(now + LAST + FIRST));
        health.succeeded();
        assert!(health.is_good(now));
    }

    #[test]
    fn one_that_is_silent_is_asked_only_where_there_is_no_other() {
        let (health, now) = (Health::default(), Instant::now());
        health.was_silent(now);
        assert!(!health.is_good(now) && health.is_reachable(now));
        health.succeeded();
        assert!(health.is_good(now));
    }
}
