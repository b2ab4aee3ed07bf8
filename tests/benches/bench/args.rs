//! The options of the benchmarks.

use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measure the product on this machine
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Time for which each rate is measured, in each of three rounds, in seconds
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) seconds: u64,

    /// Run only this benchmark
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<What>,
}

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// An RPC that does nothing
    Empty,
    /// 1,000 questions, repeated
    Hot,
    /// 1,000 questions about one organization, repeated
    One,
    /// 20,000 questions, with a few very frequent ones
    Zipf,
    /// 20,000 questions, none asked before
    Fresh,
    /// 20,000 questions, with no organization in memory
    Cold,
    /// 20,000 questions to a replica with nothing in memory, all answered before by another replica
    Warm,
    /// Batches of a hundred and of a thousand questions
    Batch,
    /// Single questions through the client library, to the service and to Redis
    Client,
    /// Questions about one organization during writes to its grants
    Writes,
    /// Revocations while another caller sends as many requests as possible
    Loud,
    /// Time from the start of the process to its first answer
    Start,
    /// Time to apply the large document
    Load,
    /// Memory of the process, idle and with all facts
    Memory,
    /// Time from a revocation to the first denial
    Revoke,
    /// Repeated questions with every decision logged, compared with no logging
    DecisionsLog,
}

impl Args {
    /// Returns true if a benchmark is selected.
    pub(crate) fn wants(&self, what: What) -> bool {
        self.only.is_none_or(|only| only == what)
    }

    /// Returns true if a rate of single questions, or its baseline, is selected.
    pub(crate) fn wants_checks(&self) -> bool {
        let kinds = [What::Empty, What::Hot, What::One, What::Zipf, What::Fresh];
        kinds.into_iter().any(|what| self.wants(what))
    }

    /// Returns the time for which each rate is measured.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}
