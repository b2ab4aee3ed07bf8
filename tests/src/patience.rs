//! Bounded waiting for an event.

use std::time::{Duration, Instant};

/// Maximum wait, longer than anything takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits for an event, and fails the test if it does not occur.
#[derive(Debug)]
pub struct Patience {
    what: &'static str,
    begin: Instant,
}

impl Patience {
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
        assert!(waited < LIMIT, "timed out waiting for {}", self.what);
        tokio::time::sleep(PAUSE).await;
    }
}
