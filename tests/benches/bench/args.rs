//! The options of the benchmarks.

use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measure the product on this machine.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How long each rate is measured, in each of three rounds
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) seconds: u64,

    /// Measure only this
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<What>,
}

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// An RPC that does nothing
    Empty,
    /// 1,000 questions again and again
    Hot,
    /// 1,000 questions about one organization again and again
    One,
    /// 20,000 questions, few of them often
    Zipf,
    /// 20,000 questions, none asked before
    Fresh,
    /// 20,000 questions while no organization is in memory
    Cold,
    /// 20,000 questions of a replica with nothing in memory, answered before by another
    Warm,
    /// Questions by the hundred and by the thousand
    Batch,
    /// Single questions through the client library, to the service and to Redis
    Client,
    /// Questions about one organization while its grants are written
    Writes,
    /// Revocations while another caller asks for as much as they can
    Loud,
    /// From the start of the process to its first answer
    Start,
    /// The large document, applied
    Load,
    /// The memory of the process, idle and with all facts
    Memory,
    /// From a revocation to the deny
    Revoke,
    /// Hot questions with every decision logged, beside the same without
    DecisionsLog,
}

impl Args {
    /// Whether a benchmark is to be run.
    pub(crate) fn wants(&self, what: What) -> bool {
        self.only.is_none_or(|only| only == what)
    }

    /// Whether a rate of single questions, or what it is compared with, is to be measured.
    pub(crate) fn wants_checks(&self) -> bool {
        let kinds = [What::Empty, What::Hot, What::One, What::Zipf, What::Fresh];
        kinds.into_iter().any(|what| self.wants(what))
    }

    /// How long each rate is measured.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}
