//! Mandate and its competitors side by side: the same facts, the same questions and the same load
//! generator, alternating within one run. Absolute figures vary with the machine; the ratios are
//! stable.

mod args;
mod cerbos;
mod cerbos_messages;
mod contest;
mod facts;
mod http;
mod mandate;
mod openfga;
mod openfga_messages;
mod report;
mod revoking;
mod running;
mod spicedb;
mod spicedb_messages;
mod system;
mod workloads;

use std::{fs, process::ExitCode, thread};

use benches::{Result, output, portfolio::Portfolio};
use clap::Parser;

use crate::{args::Args, running::Running};

/// The allocator of `mandate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    benches::main(compare(&Args::parse()))
}

async fn compare(args: &Args) -> Result<()> {
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    output::title("Setting");
    output::item("cores, shared by server, database, generator", cores);
    output::item("seconds a rate and round", args.seconds);
    output::item("rounds", args.rounds);
    let portfolio = Portfolio::default();
    let relations = facts::relations(&portfolio).len();
    output::item("facts, as Mandate has them", portfolio.facts());
    output::item("facts, as relations of the peers", relations);
    let running = Running::start(args).await?;
    let loads = running.load(&portfolio).await?;
    report::loads(&loads);
    let results = workloads::hold(&portfolio, &running, args).await?;
    report::wrong_answers(&results);
    // This comes last, because it deletes facts.
    let times = revoking::measure(&portfolio, &running).await?;
    report::revocations(&times);
    if let Some(path) = &args.svg {
        fs::write(path, report::draw(&results, &times)?)?;
    }
    Ok(())
}
