//! What was measured.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Result;

/// The longest latency that is told from longer ones, in microseconds.
const LONGEST: u64 = 60_000_000;

/// A rate with its latencies.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Of each call, in microseconds.
    pub(crate) latency: Histogram<u64>,
    /// From the first call to the last answer.
    pub(crate) elapsed: Duration,
    /// What the threads of the server took meanwhile.
    pub(crate) cpu: Duration,
    /// How many items one call is about.
    pub(crate) items: u32,
}

impl Figures {
    /// Nothing yet.
    pub(crate) fn new(items: u32) -> Result<Self> {
        Ok(Self {
            latency: histogram()?,
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            items,
        })
    }

    /// Adds another measurement of the same thing.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        self.latency.add(&other.latency)?;
        self.elapsed += other.elapsed;
        self.cpu += other.cpu;
        Ok(())
    }

    /// Items a second.
    pub(crate) fn rate(&self) -> f64 {
        self.total() / self.elapsed.as_secs_f64()
    }

    /// The server's CPU time for each item.
    pub(crate) fn cpu_nanos_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.total()
    }

    fn total(&self) -> f64 {
        number(self.latency.len()) * f64::from(self.items)
    }
}

/// An empty histogram of microseconds.
pub(crate) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

/// A count as a number to calculate with; no count here is above four thousand million.
pub(crate) fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
