//! The tools of the benchmarks: facts, questions with their right answers, a load generator,
//! printing and charts. All benchmarks share one copy, so that all systems are measured alike.

pub mod chart;
mod codec;
pub mod daemon;
mod figures;
mod generator;
pub mod output;
pub mod portfolio;
pub mod scope;

use std::{error::Error, process::ExitCode};

pub use codec::Raw;
pub use figures::{Figures, Spread, histogram, number};
pub use generator::{Call, Cpu, Target, Until, Workload, run};

/// A result whose error a benchmark prints before it ends.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Runs a benchmark on one thread, so that the load generator takes one core.
pub fn main(measure: impl Future<Output = Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(measure));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::line(format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
