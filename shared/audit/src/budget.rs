//! The limit on individually recorded reads and refusals of one caller. Changes have no such limit:
//! only authorized callers make them.

use std::collections::HashMap;

/// Maximum number of entries per caller and window; the excess is counted.
const EACH: u64 = 100;
/// Maximum number of callers that are counted separately in a window. Further callers share one
/// count.
const CALLERS: usize = 10_000;

/// The use of a window, by caller.
#[derive(Debug, Default)]
pub struct Budget(HashMap<String, u64>);

/// The number of unrecorded entries of a window, by caller; the name is empty for callers that were
/// not counted separately.
pub type Spent = Vec<(String, u64)>;

impl Budget {
    /// Counts an entry of this caller, and returns true if it is to be recorded.
    pub fn take(&mut self, caller: &str) -> bool {
        let known = self.0.len() < CALLERS || self.0.contains_key(caller);
        let key = if known { caller } else { "" };
        let used = match self.0.get_mut(key) {
            Some(used) => used,
            None => self.0.entry(key.to_owned()).or_default(),
        };
        *used += 1;
        *used <= EACH
    }

    /// Ends the window, and returns the number of its unrecorded entries.
    pub fn end(&mut self) -> Spent {
        let mut spent: Spent = self
            .0
            .drain()
            .filter(|(_, used)| *used > EACH)
            .map(|(caller, used)| (caller, used - EACH))
            .collect();
        spent.sort();
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j2_who_floods_is_counted_and_hides_nobody() {
        let mut budget = Budget::default();
        let recorded = (0..EACH + 7)
            .filter(|_| budget.take("users/mallory"))
            .count();
        assert_eq!(recorded as u64, EACH);
        assert!(budget.take("users/jan"));
        assert_eq!(budget.end(), [("users/mallory".to_owned(), 7)]);
        assert!(budget.take("users/mallory"), "the next window");
        assert_eq!(budget.end(), []);
    }

    #[test]
    fn j2_however_many_callers_there_are_the_memory_is_bounded() {
        let mut budget = Budget::default();
        for caller in 0..2 * CALLERS {
            budget.take(&caller.to_string());
        }
        assert_eq!(budget.0.len(), CALLERS + 1);
        let expected = CALLERS as u64 - EACH;
        assert_eq!(budget.end(), [(String::new(), expected)]);
    }
}
