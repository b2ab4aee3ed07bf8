//! The options of the growth benchmark.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

/// Measure how answers, memory and starts change from 10,000 to 10,000,000 grants
#[derive(Debug, Parser)]
#[command(after_long_help = "\
PostgreSQL is started for the benchmark and ended with it. The largest size takes about 8 GB of \
disk and 4 GB of memory.")]
pub(crate) struct Args {
    /// Maximum number of grants
    #[arg(long, default_value_t = 10_000_000, value_name = "N")]
    pub(crate) largest: usize,

    /// Time for which each rate is measured, in each of three rounds, in seconds
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) seconds: u64,

    /// Draw the figures into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

impl Args {
    /// Returns the numbers of grants to measure.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        let sizes = [10_000, 100_000, 1_000_000, 10_000_000];
        sizes.into_iter().filter(|size| *size <= self.largest)
    }

    /// Returns the time for which each rate is measured.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}
