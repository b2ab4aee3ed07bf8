//! The installation that the tests share, one after another.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use tests::{
    faults::{Fleet, Pace, Trial},
    program,
};
use tokio::{
    runtime::Runtime,
    sync::{Mutex, MutexGuard},
};

/// Ends with the last test that uses it, so that its processes and files do.
static FLEET: Mutex<Weak<Fleet>> = Mutex::const_new(Weak::new());
/// One makes trouble at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// Outlives every test: what an installation does, it does here.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Runs a test to its end.
pub fn run(test: impl Future<Output = ()>) {
    runtime().block_on(test);
}

/// Waits until no other makes trouble: two loads are more than a small machine bears.
pub async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Runs a test on the installation that all share, while no other does.
pub fn alone(test: impl AsyncFnOnce(&Arc<Fleet>)) {
    run(async {
        let fleet = Box::pin(fleet()).await;
        let _turn = turn().await;
        test(&fleet).await;
        // What a test has noted is its own.
        fleet.history.take_reads();
    });
}

async fn fleet() -> Arc<Fleet> {
    let mut shared = FLEET.lock().await;
    if let Some(fleet) = shared.upgrade() {
        return fleet;
    }
    let fleet = Arc::new(Fleet::start(&program()).await);
    *shared = Arc::downgrade(&fleet);
    fleet
}

/// A short round.
pub fn trial(fleet: &Arc<Fleet>, seed: u64) -> Trial {
    Trial {
        fleet: fleet.clone(),
        pace: Pace {
            with: (50, 250),
            without: (1100, 1500),
            between: (1, 6),
            callers: 2,
            readers: 2,
        },
        hold: Duration::from_millis(1200),
        seed,
    }
}
