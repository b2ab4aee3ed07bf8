//! Compares the engine with the model in as many random worlds as one likes.

use std::time::Instant;

use clap::Parser;
use tests::{
    Setting,
    model::{engine, installed},
};

/// How many worlds, and from which seed on.
#[derive(Debug, Parser)]
struct Args {
    /// Worlds of which the rules are asked 100 questions each.
    #[arg(long, default_value_t = 100_000)]
    worlds: u64,
    /// Worlds that a whole installation is asked of.
    #[arg(long, default_value_t = 100)]
    installed: u64,
    /// The seed of the first world; the others follow.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let begin = Instant::now();
    let allowed: usize = (args.seed..args.seed + args.worlds)
        .map(engine::compare)
        .sum();
    say(&format!(
        "{} worlds, {} questions, {allowed} allowed, no difference, {:.0} s",
        args.worlds,
        args.worlds * engine::QUESTIONS as u64,
        begin.elapsed().as_secs_f64()
    ));
    if args.installed == 0 {
        return;
    }
    let begin = Instant::now();
    let rig = installed::installation(Setting::Sqlite).await;
    for seed in args.seed..args.seed + args.installed {
        installed::compare(&rig, seed).await;
    }
    say(&format!(
        "{} installed worlds, no difference, {:.0} s",
        args.installed,
        begin.elapsed().as_secs_f64()
    ));
}

#[expect(clippy::print_stdout, reason = "what it is run for")]
fn say(text: &str) {
    println!("{text}");
}
