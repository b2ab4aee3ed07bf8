//! A budget for second tries: what fails for everybody is not asked twice by everybody.

use std::sync::atomic::{AtomicU32, Ordering};

/// What a retry or a hedge costs, and what an answer pays in: one second try for ten answers.
const COST: u32 = 10;
const PAY: u32 = 1;

/// Tokens, as in gRFC A6: they begin at their most, every answer adds a few, every second try
/// takes many.
#[derive(Debug)]
pub struct Budget {
    tokens: AtomicU32,
    most: u32,
}

impl Budget {
    /// A budget of so many second tries in a row.
    pub fn new(tries: u32) -> Self {
        let most = tries.saturating_mul(COST);
        Self {
            tokens: AtomicU32::new(most),
            most,
        }
    }

    /// Pays in for an answer. A full budget costs a load.
    pub fn deposit(&self) {
        let tokens = self.tokens.load(Ordering::Relaxed);
        if tokens < self.most {
            // Two at once may leave it a token above its most.
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
