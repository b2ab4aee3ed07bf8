//! The clock of Redis, and when by it things end.

use std::{collections::VecDeque, time::Duration};

use base::Millis;
use freshness::READ;

/// How long a decision is kept, at most.
pub(super) const LIFE: Duration = Duration::from_secs(60);
/// Redis gives a value up to and with the millisecond at which it ends.
const LAST_MS: i64 = 1;
/// The time of day is told in whole milliseconds: it may be so much later.
const ROUNDED_MS: i64 = 1;
/// Samples that are kept.
const SAMPLES: usize = 4;

/// What the clock of Redis said, the latest first.
#[derive(Debug, Default)]
pub(super) struct RedisClock(VecDeque<Sample>);

/// What the clock of Redis said, and when that was heard, since boot. So long after `boot`, the
/// clock of Redis is at least as much past `redis_ms`.
#[derive(Debug, Clone, Copy)]
struct Sample {
    redis_ms: i64,
    boot: Duration,
}

impl RedisClock {
    /// Notes what it said, which was heard at a time since boot.
    pub(super) fn note(&mut self, redis_ms: i64, boot: Duration) {
        self.0.truncate(SAMPLES - 1);
        self.0.push_front(Sample { redis_ms, boot });
    }

    /// What it says at a time since boot, or a little less.
    pub(super) fn at(&self, boot: Duration) -> Option<i64> {
        let sample = self.0.front()?;
        Some(sample.redis_ms + millis(boot.saturating_sub(sample.boot)))
    }

    /// When revisions end whose lease counts from `proven`: a lease after a time that was sampled
    /// before, less what a reader may take.
    pub(super) fn lease_end(&self, proven: Duration, length: Duration) -> Option<i64> {
        let sample = self.0.iter().find(|sample| sample.boot <= proven)?;
        Some(sample.redis_ms + millis(length) - millis(READ) - LAST_MS)
    }
}

/// How long a decision lives, in milliseconds: as long as time alone cannot change it, less what a
/// reader may take, who then needs no clock that agrees; and shorter than [`LIFE`] by up to a
/// tenth, so that what was made together does not end together.
pub(super) fn life(key: &str, now: Millis, until: Millis) -> i64 {
    let jitter = key
        .bytes()
        .fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let longest = millis(LIFE) - millis(LIFE) / 10 * i64::from(jitter) / 255;
    let left = until.0.saturating_sub(now.0);
    longest.min(left.saturating_sub(millis(READ) + LAST_MS + ROUNDED_MS))
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_lives_shorter_never_longer() {
        let (now, never) = (Millis(1_000), Millis::MAX);
        let lives: Vec<i64> = (0..1000)
            .map(|n| life(&format!("key-{n}"), now, never))
            .collect();
        let (shortest, longest) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
        assert!(
            *longest <= 60_000 && *shortest >= 54_000,
            "{shortest} to {longest}"
        );
        assert!(longest - shortest > 3_000, "they end apart");
        // Redis still gives it in its last millisecond, `now` may be nearly one later, and a
        // reader may take 50 more.
        assert_eq!(life("key", now, Millis(1_500)), 448);
        assert!(life("key", now, Millis(1_052)) <= 0);
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
