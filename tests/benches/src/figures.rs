//! What was measured.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Result;

/// The longest latency that is told from longer ones, in microseconds.
const LONGEST: u64 = 60_000_000;

/// A rate with its latencies.
#[derive(Debug)]
pub struct Figures {
    /// Of each call, in microseconds.
    pub latency: Histogram<u64>,
    /// From the first call to the last answer.
    pub elapsed: Duration,
    /// What the threads of the server took meanwhile.
    pub cpu: Duration,
    /// How many items one call is about.
    pub items: u32,
    /// How many answers were compared with the right one. A wrong one ends the measurement.
    pub compared: u64,
}

impl Figures {
    /// Nothing yet.
    pub fn new(items: u32) -> Result<Self> {
        Ok(Self {
            latency: histogram()?,
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
            items,
            compared: 0,
        })
    }

    /// Adds another measurement of the same thing.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.latency.add(&other.latency)?;
        self.elapsed += other.elapsed;
        self.cpu += other.cpu;
        self.compared += other.compared;
        Ok(())
    }

    /// Items a second.
    pub fn rate(&self) -> f64 {
        self.total() / self.elapsed.as_secs_f64()
    }

    /// The server's CPU time for each item.
    pub fn cpu_nanos_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.total()
    }

    /// The latency that so large a part of the calls did not exceed, in microseconds.
    pub fn micros(&self, quantile: f64) -> f64 {
        number(self.latency.value_at_quantile(quantile))
    }

    fn total(&self) -> f64 {
        number(self.latency.len()) * f64::from(self.items)
    }
}

/// The median of ratios and how far they are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The lowest.
    pub low: f64,
    /// The one in the middle.
    pub median: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// That of some figures; none if there are none.
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

/// An empty histogram of microseconds.
pub fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

/// A count as a number to calculate with; no count here is above four thousand million.
pub fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
