//! Waiting for something that must come.

use std::time::{Duration, Instant};

/// Longer than anything takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How often it is looked whether it has come.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits for something, and fails the test if it does not come.
#[derive(Debug)]
pub struct Patience {
    what: &'static str,
    begin: Instant,
}

impl Patience {
    /// Begins to wait.
    pub fn with(what: &'static str) -> Self {
        Self {
            what,
            begin: Instant::now(),
        }
    }

    /// Waits a moment before the next look.
    pub async fn pause(&self) {
        let waited = self.begin.elapsed();
        assert!(waited < LIMIT, "in vain: waited for {}", self.what);
        tokio::time::sleep(PAUSE).await;
    }
}
