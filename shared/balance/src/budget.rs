//! A budget for second tries, so that a common failure does not double the load of all clients.

use std::sync::atomic::{AtomicU32, Ordering};

/// The cost of a retry or a hedge, and the deposit of an answer: one second try for ten answers.
const COST: u32 = 10;
const PAY: u32 = 1;

/// Tokens, as in gRFC A6: they begin at their maximum, every answer adds a few, every second try
/// takes many.
#[derive(Debug)]
pub struct Budget {
    tokens: AtomicU32,
    most: u32,
}

impl Budget {
    /// Returns a budget of this many second tries in a row.
    pub fn new(tries: u32) -> Self {
        let most = tries.saturating_mul(COST);
        Self {
            tokens: AtomicU32::new(most),
            most,
        }
    }

    /// Adds a deposit for an answer. With a full budget, this costs one load.
    pub fn deposit(&self) {
        let tokens = self.tokens.load(Ordering::Relaxed);
        if tokens < self.most {
            // Two concurrent deposits may exceed the maximum by a token.
            self.tokens.fetch_add(PAY, Ordering::Relaxed);
        }
    }

    /// Takes a second try, if there is one left.
    pub fn withdraw(&self) -> bool {
        let take = |tokens: u32| tokens.checked_sub(COST);
        self.tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_and_ten_answers_pay_for_one_more() {
        let budget = Budget::new(2);
        assert!(budget.withdraw() && budget.withdraw());
        assert!(!budget.withdraw());
        for _ in 0..9 {
            budget.deposit();
        }
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        for _ in 0..1000 {
            budget.deposit();
        }
        assert!(budget.withdraw() && budget.withdraw());
        assert!(!budget.withdraw(), "it is not saved up");
    }
}
