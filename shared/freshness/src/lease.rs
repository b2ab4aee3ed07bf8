use std::time::Duration;

/// The time for which known changes may be answered from: a time since boot at which all changes
/// were known, and the length of its validity.
///
/// It begins **before** the read that proves it, and on a clock that keeps running while the
/// machine is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The start, since boot, of the read that found the end of the log; zero if there was none.
    pub proven: Duration,
    /// The length of its validity.
    pub length: Duration,
}

impl Lease {
    /// True if answers may be given from the known facts.
    pub fn holds_at(self, now: Duration) -> bool {
        !self.left_at(now).is_zero()
    }

    /// Returns the remaining time; zero if the lease does not hold.
    pub fn left_at(self, now: Duration) -> Duration {
        if self.proven.is_zero() {
            return Duration::ZERO;
        }
        self.length.saturating_sub(now.saturating_sub(self.proven))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_at_its_length_and_never_begins_without_a_proof() {
        let (second, milli) = (Duration::from_secs(1), Duration::from_millis(1));
        let lease = Lease {
            proven: second,
            length: second,
        };
        assert!(lease.holds_at(second));
        assert_eq!(lease.left_at(second + 999 * milli), milli);
        assert!(!lease.holds_at(2 * second));
        let unproven = Lease {
            proven: Duration::ZERO,
            length: second,
        };
        assert!(!unproven.holds_at(milli));
    }
}
