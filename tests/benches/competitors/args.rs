//! The options of the comparison.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

/// Measure the product and its competitors side by side on this machine
#[derive(Debug, Parser)]
#[command(after_long_help = "\
The peers `openfga`, `spicedb` and `cerbos` are looked for on the PATH; one that is not there is \
left out. PostgreSQL and Redis are started for the comparison and ended with it.")]
pub(crate) struct Args {
    /// Time for which each rate is measured in each round, in seconds. Use a multiple of 10,
    /// because caches of the competitors expire every 5 s and 10 s and must count as often as in
    /// service
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) seconds: u64,

    /// Number of rounds, in which the product and a competitor alternate
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Compare with these only
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<Peer>,

    /// Draw the medians into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// A competitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// The server `openfga`
    Openfga,
    /// The server `spicedb`
    Spicedb,
    /// The server `cerbos`
    Cerbos,
}

impl Args {
    /// Returns true if a competitor is selected.
    pub(crate) fn wants(&self, peer: Peer) -> bool {
        self.only.is_empty() || self.only.contains(&peer)
    }

    /// Returns the time for which each rate is measured.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}
