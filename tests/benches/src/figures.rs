//! Measured figures.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Result;

/// Maximum latency that the histogram distinguishes, in microseconds.
const LONGEST: u64 = 60_000_000;

/// A measured rate with its latencies.
#[derive(Debug)]
pub struct Figures {
    /// The latency of each call, in microseconds.
    pub latency: Histogram<u64>,
    /// Time from the first call to the last answer.
    pub elapsed: Duration,
    /// CPU time of all threads of the server meanwhile.
    pub cpu: Duration,
    /// Number of items in one call.
    pub items: u32,
    /// Number of answers that were compared with the right one. A wrong answer ends the
    /// measurement.
    pub compared: u64,
}

impl Figures {
    /// Creates empty figures.
    pub fn new(items: u32) -> Result<Self> {
        Ok(Self {
            latency: histogram()?,
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            items,
            compared: 0,
        })
    }

    /// Adds another measurement of the same workload.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.latency.add(&other.latency)?;
        self.elapsed += other.elapsed;
        self.cpu += other.cpu;
        self.compared += other.compared;
        Ok(())
    }

    /// Returns the items per second.
    pub fn rate(&self) -> f64 {
        self.total() / self.elapsed.as_secs_f64()
    }

    /// Returns the server's CPU time per item, in nanoseconds.
    pub fn cpu_nanos_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.total()
    }

    /// Returns the latency at a quantile, in microseconds.
    pub fn micros(&self, quantile: f64) -> f64 {
        number(self.latency.value_at_quantile(quantile))
    }

    fn total(&self) -> f64 {
        number(self.latency.len()) * f64::from(self.items)
    }
}

/// The median and the range of ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The lowest ratio.
    pub low: f64,
    /// The median ratio.
    pub median: f64,
    /// The highest ratio.
    pub high: f64,
}

impl Spread {
    /// Returns the spread of some figures; `None` if there are none.
    pub fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Some(Self {
            low: *sorted.first()?,
            median: *sorted.get(sorted.len() / 2)?,
            high: *sorted.last()?,
        })
    }
}

/// Creates an empty histogram of microseconds.
pub fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

/// Converts a count to a float. All counts here fit in 32 bits.
pub fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
