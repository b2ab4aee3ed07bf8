//! The environment of the measurement.

use std::{process::Command, thread};

use benches::output;

use crate::{args::Args, server::THREADS};

/// Prints the properties of the machine without which figures cannot be compared.
pub(crate) fn describe(args: &Args) {
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let profile = if cfg!(debug_assertions) {
        "development: these figures mean nothing"
    } else {
        "release (thin LTO, one codegen unit, mimalloc)"
    };
    output::title("Setting");
    output::item("cores, shared with the generator", cores);
    output::item("compiler", compiler());
    output::item("profile", profile);
    output::item("store", "SQLite files; no shared cache");
    output::item("threads of the server", THREADS);
    output::item("telemetry", "logs at info, metrics, no trace collector");
    output::item("seconds a rate and round", args.seconds);
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    version.map_or_else(|| "unknown".to_owned(), |version| version.trim().to_owned())
}
