//! The options of the comparison.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

/// Measure the product and its peers side by side on this machine.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
The peers `openfga`, `spicedb` and `cerbos` are looked for on the PATH; one that is not there is \
left out. PostgreSQL and Redis are started for the comparison and ended with it.")]
pub(crate) struct Args {
    /// How long each rate is measured, in each round; a multiple of 10, because what the peers
    /// keep runs out every 5 s and 10 s, and is to count as often as it does in service
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) seconds: u64,

    /// How often each measurement is made, the product and a peer in turns
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Compare with these only
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<Peer>,

    /// Draw the medians into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// Who is compared with.
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
    /// Whether a peer is to be compared with.
    pub(crate) fn wants(&self, peer: Peer) -> bool {
        self.only.is_empty() || self.only.contains(&peer)
    }

    /// How long each rate is measured.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}
