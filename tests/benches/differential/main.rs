//! Compares the engine with the model in any number of random worlds.

use std::time::Instant;

use clap::Parser;
use tests::{
    Setting,
    model::{engine, installed},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Number of worlds that share an installation, whose catalog holds the applications of all of
/// them.
const TOGETHER: u64 = 25;
/// Number of worlds between two progress messages.
const SAY: u64 = 5000;

/// The number of worlds, and the first seed.
#[derive(Debug, Parser)]
struct Args {
    /// Number of worlds in which the rules answer 100 questions each
    #[arg(long, default_value_t = 100_000)]
    worlds: u64,
    /// Number of worlds in whole installations, on each store
    #[arg(long, default_value_t = 100)]
    installed: u64,
    /// Seed of the first world; the others follow
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
    // A separate task for each store, so that a slow store does not delay the other.
    let stores = Setting::IN_PROCESS
        .map(|setting| tokio::spawn(ask_installations(setting, args.seed, args.installed)));
    for store in stores {
        if let Err(failed) = store.await {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

async fn ask_installations(setting: Setting, first: u64, count: u64) {
    let begin = Instant::now();
    let mut done = 0;
    while done < count {
        let next = count.min(done + TOGETHER);
        let rig = installed::installation(setting).await;
        installed::compare(&rig, first + done..first + next).await;
        rig.end();
        done = next;
        if done % SAY == 0 || done == count {
            say(&format!(
                "{done} worlds installed, {setting:?}, no difference, {:.0} s",
                begin.elapsed().as_secs_f64()
            ));
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "printing is the purpose of this program"
)]
fn say(text: &str) {
    println!("{text}");
}
