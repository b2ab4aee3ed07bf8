//! Compares the engine with the model in as many random worlds as one likes.

use std::time::Instant;

use clap::Parser;
use tests::{
    Setting,
    model::{engine, installed},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds that share an installation: one catalogue holds the applications of all of them.
const TOGETHER: u64 = 25;
/// How often a long run says how far it is.
const SAY: u64 = 5000;

/// How many worlds, and from which seed on.
#[derive(Debug, Parser)]
struct Args {
    /// Worlds of which the rules are asked 100 questions each.
    #[arg(long, default_value_t = 100_000)]
    worlds: u64,
    /// Worlds that whole installations are asked of, on each store.
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
    // Each on its own, as a store that waits should not hold up the other.
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

#[expect(clippy::print_stdout, reason = "what it is run for")]
fn say(text: &str) {
    println!("{text}");
}
