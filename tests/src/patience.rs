//! Bounded waiting for an event.

use std::time::{Duration, Instant};

/// Maximum wait, longer than anything takes on a slow machine.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Time between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Waits for an event, and fails the test if it does not occur.
#[derive(Debug)]
pub struct BoundedWait {
    what: &'static str,
    begin: Instant,
}

impl BoundedWait {
    /// Starts to wait for `what`.
    pub fn with(what: &'static str) -> Self {
        Self {
            what,
            begin: Instant::now(),
        }
    }

    /// Sleeps before the next look.
    ///
    /// # Panics
    /// Panics if the maximum wait has passed.
    pub async fn pause(&self) {
        let waited = self.begin.elapsed();
        assert!(waited < MAX_WAIT, "timed out waiting for {}", self.what);
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
