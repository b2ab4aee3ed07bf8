//! The limits on the calls of a service.

use std::time::Duration;

/// The limits on the calls of a service.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum number of concurrent calls; more are refused with `RESOURCE_EXHAUSTED`.
    pub concurrency: usize,
    /// Maximum number of concurrent calls of one caller, including streams; more are refused with
    /// `RESOURCE_EXHAUSTED`.
    pub calls_per_caller: usize,
    /// Maximum time of a call, even if its caller would wait longer.
    pub deadline: Duration,
    /// Traces one in this many of the checks that their callers do not trace; 0 traces none.
    pub trace_one_in: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 10_000,
            calls_per_caller: 1_000,
            deadline: Duration::from_secs(30),
            trace_one_in: 0,
        }
    }
}
