//! Keeps questions away from a Redis that is in trouble.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// How long it is left alone after a failure; twice as long after each further one …
const FIRST: u64 = 100;
/// … up to this.
const LAST: u64 = 1000;
/// How long others wait for one that tries it again.
const TRIAL: u64 = 50;

/// Open after a failure, for a while; then one tries.
#[derive(Debug)]
pub(super) struct Breaker {
    epoch: Instant,
    /// Until when it is open, in milliseconds of the epoch; zero if it is closed.
    open_ms: AtomicU64,
    /// For how long it was opened last.
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

    /// Whether Redis is to be asked.
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

    /// Redis failed, or was late.
    pub(super) fn failed(&self, now: Instant) {
        let now = self.millis(now);
        let open = self.open_ms.load(Ordering::Relaxed);
        let pause = self.pause.load(Ordering::Relaxed);
        // Many fail of one cause: that is one failure.
        if open > now + TRIAL {
            return;
        }
        let pause = (pause * 2).clamp(FIRST, LAST);
        self.pause.store(pause, Ordering::Relaxed);
        self.open_ms.store((now + pause).max(1), Ordering::Relaxed);
    }

    /// Redis answered.
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
