//! The clock of Redis, and expiry times by it.

use std::{collections::VecDeque, time::Duration};

use freshness::READ;
use types::UnixTime;

/// Maximum lifetime of a decision.
pub(super) const MAX_TTL: Duration = Duration::from_secs(60);
/// Redis returns a value up to and including the millisecond at which it expires.
const INCLUSIVE_EXPIRY_MS: i64 = 1;
/// The time of day has a resolution of whole milliseconds, so it may be this much later.
const CLOCK_RESOLUTION_MS: i64 = 1;
/// Number of samples kept.
const MAX_SAMPLES: usize = 4;

/// Samples of Redis's clock, latest first.
#[derive(Debug, Default)]
pub(super) struct RedisClock(VecDeque<Sample>);

/// A reading of Redis's clock, and the time since boot at which it was received. Any time after
/// `boot`, Redis's clock has advanced at least as much beyond `redis_ms`.
#[derive(Debug, Clone, Copy)]
struct Sample {
    redis_ms: i64,
    boot: Duration,
}

impl RedisClock {
    /// Adds a reading received at a time since boot.
    pub(super) fn note(&mut self, redis_ms: i64, boot: Duration) {
        self.0.truncate(MAX_SAMPLES - 1);
        self.0.push_front(Sample { redis_ms, boot });
    }

    /// Returns a lower bound of Redis's clock at a time since boot.
    pub(super) fn at(&self, boot: Duration) -> Option<i64> {
        let sample = self.0.front()?;
        Some(sample.redis_ms + millis(boot.saturating_sub(sample.boot)))
    }

    /// Returns the expiry of revisions whose lease counts from `proven`: one lease after a sample
    /// taken before it, less the time that a reader may take.
    pub(super) fn lease_end(&self, proven: Duration, length: Duration) -> Option<i64> {
        let sample = self.0.iter().find(|sample| sample.boot <= proven)?;
        Some(sample.redis_ms + millis(length) - millis(READ) - INCLUSIVE_EXPIRY_MS)
    }
}

/// Returns the lifetime of a decision in milliseconds. It ends before time alone can change the
/// decision, less the time that a reader may take, so a reader needs no synchronized clock. It is
/// shorter than [`MAX_TTL`] by up to a tenth, so that decisions made together do not expire together.
pub(super) fn ttl_ms(key: &str, now: UnixTime, until: UnixTime) -> i64 {
    let jitter = key
        .bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let longest = millis(MAX_TTL) - millis(MAX_TTL) / 10 * i64::from(jitter) / 255;
    let left = until.0.saturating_sub(now.0);
    longest.min(left.saturating_sub(millis(READ) + INCLUSIVE_EXPIRY_MS + CLOCK_RESOLUTION_MS))
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_lives_shorter_never_longer() {
        let (now, never) = (UnixTime(1_000), UnixTime::MAX);
        let lives: Vec<i64> = (0..1000)
            .map(|n| ttl_ms(&format!("key-{n}"), now, never))
            .collect();
        let (shortest, longest) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(
            *longest <= 60_000 && *shortest >= 54_000,
            "{shortest} to {longest}"
        );
        assert!(longest - shortest > 3_000, "they end apart");
        // Redis still returns the value in its last millisecond, `now` may be nearly one
        // millisecond later, and a reader may take 50 more.
        assert_eq!(ttl_ms("key", now, UnixTime(1_500)), 448);
        assert!(ttl_ms("key", now, UnixTime(1_052)) <= 0);
    }

    #[test]
    fn revisions_end_a_lease_after_a_time_before_their_proof() {
        let (mut clock, second) = (RedisClock::default(), Duration::from_secs(1));
        assert_eq!(clock.lease_end(second, second), None);
        clock.note(70_000, 2 * second);
        clock.note(80_000, 12 * second);
        assert_eq!(clock.at(13 * second), Some(81_000));
        assert_eq!(clock.lease_end(second, second), None);
        assert_eq!(clock.lease_end(11 * second, second), Some(70_949));
        assert_eq!(clock.lease_end(12 * second, second), Some(80_949));
    }
}
