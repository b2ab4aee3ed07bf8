//! How many reads and refusals of one caller are recorded one by one. Changes have no such bound:
//! they are made only by those who may.

use std::collections::HashMap;

/// Per caller and window; what goes beyond is counted.
const EACH: u64 = 100;
/// Callers that are told apart in a window. Those beyond share one count.
const CALLERS: usize = 10_000;

/// What callers have used of a window.
#[derive(Debug, Default)]
pub struct Budget(HashMap<String, u64>);

/// What was not recorded in a window, by caller; the name is empty for those who were not told
/// apart.
pub type Spent = Vec<(String, u64)>;

impl Budget {
    /// Whether one more of this caller is recorded.
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

    /// Ends the window: what was not recorded in it.
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
