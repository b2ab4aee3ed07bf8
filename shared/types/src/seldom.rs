//! Rate limiting of repeated log messages.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Time for which further messages of a cause are suppressed.
const LOG_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum number of causes that are logged in that time; further causes are suppressed.
const MAX_CAUSES: usize = 100;

/// Lets each cause be logged once a second: one failure may affect thousands of calls, and repeated
/// lines would hide all others.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<BTreeMap<String, Logged>>);

#[derive(Debug)]
struct Logged {
    at: Instant,
    untold: u64,
}

impl Seldom {
    /// Returns a limiter without any messages so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Returns the number of suppressed messages of a cause if it may be logged now, or `None` if
    /// it may not.
    pub fn tells(&self, cause: &str, now: Instant) -> Option<u64> {
        let is_recent = |told: &Logged| now.saturating_duration_since(told.at) < LOG_INTERVAL;
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = causes.get_mut(cause) {
            if is_recent(told) {
                told.untold += 1;
                return None;
            }
            told.at = now;
            return Some(mem::take(&mut told.untold));
        }
        if causes.len() >= MAX_CAUSES {
            causes.retain(|_, told| is_recent(told));
        }
        if causes.len() >= MAX_CAUSES {
            return None;
        }
        let told = Logged { at: now, untold: 0 };
        causes.insert(cause.to_owned(), told);
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_of_once_a_second_with_how_often_it_was_not() {
        let (seldom, begin) = (Seldom::new(), Instant::now());
        assert_eq!(seldom.tells("away", begin), Some(0));
        assert_eq!(seldom.tells("away", begin), None);
        assert_eq!(seldom.tells("broken", begin), Some(0));
        assert_eq!(seldom.tells("away", begin + LOG_INTERVAL), Some(1));
    }

    #[test]
    fn causes_that_are_told_of_at_a_time_are_bounded() {
        let (seldom, begin) = (Seldom::new(), Instant::now());
        for cause in 0..MAX_CAUSES {
            assert_eq!(seldom.tells(&cause.to_string(), begin), Some(0));
        }
        assert_eq!(seldom.tells("more", begin), None);
        assert_eq!(seldom.tells("more", begin + LOG_INTERVAL), Some(0));
    }
}
