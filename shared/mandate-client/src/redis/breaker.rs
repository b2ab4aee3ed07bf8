//! A circuit breaker for Redis.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// First pause after a failure, in milliseconds; it doubles after each further failure …
const FIRST: u64 = 100;
/// … up to this.
const LAST: u64 = 1000;
/// Time in milliseconds that other questions wait for the one that tries Redis again.
const TRIAL: u64 = 50;

/// Opens after a failure, for a while; then lets one question try.
#[derive(Debug)]
pub(super) struct Breaker {
    epoch: Instant,
    /// The time until which the breaker is open, in milliseconds since `epoch`; zero if it is
    /// closed.
    open_ms: AtomicU64,
    /// The last pause, in milliseconds.
    pause: AtomicU64,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            open_ms: AtomicU64::new(0),
            pause: AtomicU64::new(0),
        }
    }

    /// True if Redis may be asked.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let open = self.open_ms.load(Ordering::Relaxed);
        if open == 0 {
            return true;
        }
        let now = self.millis(now);
        now >= open
            && self
                .open_ms
                .compare_exchange(open, now + TRIAL, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Records that Redis failed, or was late.
    pub(super) fn failed(&self, now: Instant) {
        let now = self.millis(now);
        let open = self.open_ms.load(Ordering::Relaxed);
        let pause = self.pause.load(Ordering::Relaxed);
        // Many commands fail from one cause: count them as one failure.
        if open > now + TRIAL {
            return;
        }
        let pause = (pause * 2).clamp(FIRST, LAST);
        self.pause.store(pause, Ordering::Relaxed);
        self.open_ms.store((now + pause).max(1), Ordering::Relaxed);
    }

    /// Records that Redis answered.
    pub(super) fn succeeded(&self) {
        if self.open_ms.load(Ordering::Relaxed) != 0 {
            self.open_ms.store(0, Ordering::Relaxed);
            self.pause.store(0, Ordering::Relaxed);
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn after_a_failure_one_tries_and_the_others_wait() {
        let (breaker, begin) = (Breaker::new(), Instant::now());
        let at = |millis| begin + Duration::from_millis(millis);
        assert!(breaker.allows(at(0)));
        breaker.failed(at(0));
        breaker.failed(at(1));
        assert!(!breaker.allows(at(50)));
        assert!(breaker.allows(at(110)), "one tries");
        assert!(!breaker.allows(at(111)), "the others wait");
        breaker.failed(at(120));
        assert!(!breaker.allows(at(300)));
        assert!(breaker.allows(at(330)));
        breaker.succeeded();
        assert!(breaker.allows(at(331)) && breaker.allows(at(331)));
    }

    #[test]
    fn a_trial_that_never_ends_is_followed_by_another() {
        let (breaker, begin) = (Breaker::new(), Instant::now());
        let at = |millis| begin + Duration::from_millis(millis);
        breaker.failed(at(0));
        assert!(breaker.allows(at(110)));
        assert!(breaker.allows(at(170)));
    }
}
