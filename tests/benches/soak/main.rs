//! Prolonged attacks on freshness: random faults of random lengths for a given time, followed by a
//! summary.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use tests::faults::{Fault, Fleet, Pace, Random, Report, Trial};

/// Attack the freshness of three real servers with faults
#[derive(Debug, Parser)]
struct Args {
    /// Duration of the attacks, in minutes
    #[arg(long, default_value_t = 10, value_name = "N")]
    minutes: u64,

    /// Seed of the random faults
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Apply only this kind of fault
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// The results of one kind of fault.
#[derive(Debug, Default)]
struct Seen {
    rounds: u64,
    answers: u64,
    errors: u64,
    revocations: usize,
    stalest: Duration,
    slowest: Duration,
    violations: usize,
}

impl Seen {
    fn add(&mut self, report: &Report) {
        self.rounds += 1;
        self.answers += report.check.counts.values().flatten().sum::<u64>();
        self.errors += report.errors;
        self.revocations += report.check.revocations_held;
        self.stalest = self.stalest.max(report.check.stalest_allow);
        self.slowest = self.slowest.max(report.recovered);
        self.violations += report.check.violations.len();
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let Some(program) = program() else {
        line("first `cargo build --release -p tests --bin mandate-under-test`");
        return ExitCode::FAILURE;
    };
    describe(&args);
    let mut random = Random::new(args.seed);
    let fleet = Arc::new(Fleet::start(&program).await);
    let (begin, mut seen) = (Instant::now(), BTreeMap::<Fault, Seen>::new());
    let mut faults = Fault::ALL.to_vec();
    faults.push(Fault::None);
    faults.retain(|fault| {
        args.only
            .as_ref()
            .is_none_or(|only| format!("{fault:?}") == *only)
    });
    while begin.elapsed() < Duration::from_secs(60 * args.minutes) {
        let Some(fault) = faults.get(random.below(faults.len().max(1))) else {
            line("there is no trouble of that name");
            return ExitCode::FAILURE;
        };
        let report = round(&fleet, *fault, &mut random).await;
        for violation in report.check.violations.iter().take(20) {
            line(format!("VIOLATION {violation}"));
        }
        line(&report);
        seen.entry(*fault).or_default().add(&report);
    }
    conclude(&seen)
}

async fn round(fleet: &Arc<Fleet>, fault: Fault, random: &mut Random) -> Report {
    let trial = Trial {
        fleet: fleet.clone(),
        pace: Pace {
            with: (20, 400),
            without: (1050, 1600),
            between: (0, 3),
            callers: 3,
            readers: 2,
        },
        hold: random.millis(200, 4000),
        seed: u64::try_from(random.below(usize::MAX)).unwrap_or_default(),
    };
    trial.run(fault).await
}

/// Returns the server binary beside this one.
fn program() -> Option<PathBuf> {
    let own = env::current_exe().ok()?;
    let programs = ["mandate-under-test", "mandate"].map(|name| own.with_file_name(name));
    programs.into_iter().find(|program| program.exists())
}

fn describe(args: &Args) {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    line(format!(
        "{} minutes, seed {}; three replicas as processes on PostgreSQL (fsync on) and Redis, \
         {cores} cores shared with the load; lease 1 s",
        args.minutes, args.seed
    ));
}

fn conclude(seen: &BTreeMap<Fault, Seen>) -> ExitCode {
    line(format!(
        "\n{:<22} {:>6} {:>9} {:>7} {:>11} {:>16} {:>14} {:>10}",
        "trouble",
        "rounds",
        "answers",
        "errors",
        "revocations",
        "stalest allow ms",
        "back within ms",
        "violations"
    ));
    for (fault, seen) in seen {
        line(format!(
            "{fault:<22} {:>6} {:>9} {:>7} {:>11} {:>16} {:>14} {:>10}",
            seen.rounds,
            seen.answers,
            seen.errors,
            seen.revocations,
            seen.stalest.as_millis(),
            seen.slowest.as_millis(),
            seen.violations
        ));
    }
    let violations: usize = seen.values().map(|seen| seen.violations).sum();
    line(format!("{violations} violations"));
    if violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::print_stdout,
    reason = "printing is the purpose of this program"
)]
fn line(text: impl std::fmt::Display) {
    println!("{text}");
}
