//! The time of day and the time since boot, real or moved by a test.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base::Millis;
use parking_lot::Mutex;

/// Where a service reads the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day. It may jump.
    fn now(&self) -> Millis;

    /// The time since boot. It never goes back, and goes on while the machine is suspended:
    /// leases count on it (`std::time::Instant` stands still then).
    fn since_boot(&self) -> Duration;
}

/// The clocks of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Millis(since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        }))
    }

    fn since_boot(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(
            u64::try_from(time.tv_sec).unwrap_or_default(),
            u32::try_from(time.tv_nsec).unwrap_or_default(),
        )
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<(Millis, Duration)>>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Millis) -> Self {
        Self(Arc::new(Mutex::new((now, Duration::from_secs(1)))))
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let mut times = self.0.lock();
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        times.0 = Millis(times.0.0.saturating_add(millis));
        times.1 = times.1.saturating_add(by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.lock().0
    }

    fn since_boot(&self) -> Duration {
        self.0.lock().1
    }
}
