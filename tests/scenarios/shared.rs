//! Installations that tests share: one in each setting, with the five portals. Each test changes
//! only its own entities, so that no test affects another.

use std::sync::{Arc, OnceLock, Weak};

use mandate_documents::{
    apply::{Options, apply},
    document::{PORTALS, parse_str},
};
use tests::{Rig, Setting};
use tokio::{runtime::Runtime, sync::Mutex};

/// Dropped with the last test that uses it, so that its processes and files are cleaned up.
static RIGS: Mutex<Weak<[Rig; 3]>> = Mutex::const_new(Weak::new());

/// A runtime that outlives every test and runs all tasks of the installations.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Runs a test to its end.
pub fn run(test: impl Future<Output = ()>) {
    runtime().block_on(test);
}

/// Runs a test in every setting.
#[expect(
    clippy::needless_pass_by_value,
    reason = "tests are written as closures"
)]
pub fn everywhere(test: impl AsyncFn(&Rig)) {
    run(async {
        let rigs = Box::pin(rigs()).await;
        for rig in rigs.iter() {
            test(rig).await;
        }
    });
}

async fn rigs() -> Arc<[Rig; 3]> {
    let mut shared = RIGS.lock().await;
    if let Some(rigs) = shared.upgrade() {
        return rigs;
    }
    let [one, two, three] = Setting::ALL;
    let rigs = Arc::new([start(one).await, start(two).await, start(three).await]);
    *shared = Arc::downgrade(&rigs);
    rigs
}

async fn start(setting: Setting) -> Rig {
    let rig = Rig::start(setting).await;
    load_portals(&rig).await;
    rig
}

async fn load_portals(rig: &Rig) {
    let documents = PORTALS.map(|(name, text)| parse_str(name, text).unwrap());
    apply(&documents, &rig.root(), Options::default(), &mut ())
        .await
        .unwrap();
    crate::feeds::heard(rig).await;
}

/// Returns the organizations of the five portals.
pub fn portal_organizations() -> Vec<String> {
    let documents = PORTALS.map(|(name, text)| parse_str(name, text).unwrap());
    let entries = documents
        .iter()
        .flat_map(|document| &document.root.organizations);
    entries
        .map(|entry| format!("organizations/{}", entry.value.id.as_str()))
        .collect()
}
