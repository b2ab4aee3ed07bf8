//! The time of day and the time since boot, real or moved by a test.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use types::UnixTime;

/// The source of a service's time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time of day. It may jump.
    fn now(&self) -> UnixTime;

    /// Returns the time since boot. It never goes back, and keeps running while the machine is
    /// suspended. Leases rely on it (`std::time::Instant` stops then).
    fn since_boot(&self) -> Duration;

    /// Adopts the clock of the database, whose time is `now`: replicas on machines with different
    /// clocks then agree on the grants in force.
    fn follow(&self, now: UnixTime);
}

/// The clocks of the operating system. The time of day is that of the database, once it is known.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// The deliberate error of this machine's clock.
    wrong_ms: i64,
    /// The lead of the database's clock over this machine's.
    ahead_ms: AtomicI64,
}

impl SystemClock {
    /// Returns the clock of a machine with a wrong time, for tests.
    pub fn wrong_by(millis: i64) -> Self {
        Self {
            wrong_ms: millis,
            ahead_ms: AtomicI64::new(0),
        }
    }

    fn own(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let own = since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
        own.saturating_add(self.wrong_ms)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let ahead = self.ahead_ms.load(Ordering::Relaxed);
        UnixTime(self.own().saturating_add(ahead))
    }

    fn follow(&self, now: UnixTime) {
        let ahead = now.0.saturating_sub(self.own());
        self.ahead_ms.store(ahead, Ordering::Relaxed);
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
pub struct ManualClock(Arc<Mutex<(UnixTime, Duration)>>);

impl ManualClock {
    /// Returns a clock that stands at `now`.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(Mutex::new((now, Duration::from_secs(1)))))
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let mut times = self.0.lock();
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        times.0 = UnixTime(times.0.0.saturating_add(millis));
        times.1 = times.1.saturating_add(by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        self.0.lock().0
    }

    fn since_boot(&self) -> Duration {
        self.0.lock().1
    }

    /// Ignored: only tests move this clock.
    fn follow(&self, _: UnixTime) {}
}
