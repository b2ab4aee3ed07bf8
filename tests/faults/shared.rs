//! The installation that the tests share, one test at a time.

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

/// Dropped with the last test that uses it, so that its processes and files are cleaned up.
static FLEET: Mutex<Weak<Fleet>> = Mutex::const_new(Weak::new());
/// Held by the test that causes a fault.
static TURN: Mutex<()> = Mutex::const_new(());

/// A runtime that outlives every test and runs all tasks of the installation.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Runs a test to its end.
pub fn run(test: impl Future<Output = ()>) {
    runtime().block_on(test);
}

/// Waits until no other test causes a fault. A small machine cannot bear two loads.
pub async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Runs a test alone on the shared installation.
pub fn alone(test: impl AsyncFnOnce(&Arc<Fleet>)) {
    run(async {
        let fleet = Box::pin(fleet()).await;
        let _turn = turn().await;
        test(&fleet).await;
        // The answers that a test recorded belong to that test only.
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

/// Returns the settings of a short round.
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
