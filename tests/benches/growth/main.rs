//! Growth: the same questions about ten thousand and about ten million grants.
//!
//! All sizes are served at the same time, each by a separate process, and queried alternately, so
//! that disturbances of the machine affect all of them alike.

mod args;
mod fill;
mod installation;
mod measuring;
mod report;
mod rows;
mod shape;

use std::{fs, process::ExitCode, thread, time::Instant};

use benches::{Result, output};
use clap::Parser;
use testkit::Postgres;

use crate::{
    args::Args,
    installation::Installation,
    measuring::{Grown, ROUNDS},
    shape::Size,
};

/// The allocator of `mandate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    benches::main(measure(&Args::parse()))
}

async fn measure(args: &Args) -> Result<()> {
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    output::title("Setting");
    output::item("cores, shared by server, database, generator", cores);
    output::item("store", "PostgreSQL, filled with COPY; no shared cache");
    output::item("seconds a rate and round", args.seconds);
    let postgres = Postgres::start()?;
    let (mut grown, mut installations) = (Vec::new(), Vec::new());
    for size in args.sizes() {
        let begin = Instant::now();
        let installation = Installation::make(postgres.database()?, Size(size)).await?;
        let took = output::time(begin.elapsed());
        output::item(&format!("filled with {size} grants in"), took);
        grown.push(Grown::measure(&installation).await?);
        installations.push(installation);
    }
    for _ in 0..ROUNDS {
        for one in &mut grown {
            one.measure_hot(args.duration()).await?;
        }
    }
    for (one, installation) in grown.iter_mut().zip(&installations) {
        one.measure_bare(installation).await?;
    }
    report::print(&grown)?;
    if let Some(path) = &args.svg {
        fs::write(path, report::draw(&grown)?)?;
    }
    Ok(())
}
