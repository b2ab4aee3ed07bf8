//! Benchmarks that measure the performance targets of the product.
//!
//! The server and the load generator share one process but have separate runtimes, so that an empty
//! RPC and a check use the same sockets, allocator and machine. Absolute figures vary with the
//! machine; ratios within one run are stable.

mod args;
mod batch;
mod checks;
mod client;
mod decisions_log;
mod empty;
mod load;
mod loud;
mod process;
mod revoke;
mod server;
mod setting;
mod start;
mod warm;
mod writes;

use std::process::ExitCode;

use benches::{Result, portfolio::Portfolio};
use clap::Parser;
use runtime::{LogFormat, Telemetry, TelemetrySettings};

use crate::{
    args::{Args, Benchmark},
    server::Server,
};

/// The allocator of `mandate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    benches::main(measure(&Args::parse()))
}

async fn measure(args: &Args) -> Result<()> {
    // The same settings as `mandate serve` without a collector.
    let _telemetry = Telemetry::begin(&TelemetrySettings {
        service: "bench",
        format: LogFormat::Json,
        filter: "info".to_owned(),
        otlp: None,
    })?;
    setting::describe(args);
    if args.only == Some(Benchmark::Revoke) {
        return revoke::measure().await;
    }
    let folder = tempfile::tempdir()?;
    let portfolio = Portfolio::default();
    let server = Server::start(folder.path(), None)?;
    load::measure(&portfolio, &server, args.wants(Benchmark::Load)).await?;
    if args.wants_checks() {
        checks::measure(&portfolio, &server, args).await?;
    }
    if args.wants(Benchmark::DecisionsLog) {
        decisions_log::measure(&portfolio, &server, folder.path(), args.duration()).await?;
    }
    if args.wants(Benchmark::Batch) {
        batch::measure(&portfolio, &server, args.duration()).await?;
    }
    if args.wants(Benchmark::Client) {
        client::measure(&portfolio, &server, args.duration()).await?;
    }
    server.stop().await?;
    if args.wants(Benchmark::Client) {
        client::measure_redis(&portfolio, folder.path(), args.duration()).await?;
    }
    if args.wants(Benchmark::Writes) {
        writes::measure(&portfolio, folder.path(), args.duration()).await?;
    }
    if args.wants(Benchmark::Loud) {
        loud::measure(&portfolio, folder.path(), args.duration()).await?;
    }
    if args.wants(Benchmark::Warm) {
        warm::measure(&portfolio, folder.path()).await?;
    }
    if args.wants(Benchmark::Cold) {
        // The same files, with nothing in memory.
        let server = Server::start(folder.path(), None)?;
        checks::cold(&portfolio, &server).await?;
        server.stop().await?;
    }
    if args.wants(Benchmark::Start) || args.wants(Benchmark::Memory) {
        start::measure(&portfolio, folder.path()).await?;
    }
    if args.wants(Benchmark::Revoke) {
        revoke::measure().await?;
    }
    Ok(())
}
