use std::time::Duration;

/// How long what is known of changes may be answered from: a time since boot at which nothing
/// unheard was outstanding, and how long that counts.
///
/// It begins **before** the read that proves it, and on a clock that goes on while the machine
/// is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// When the read began that found the end of the log, since boot; zero if none has.
    pub proven: Duration,
    /// How long it counts.
    pub length: Duration,
}

impl Lease {
    /// Whether answers may be given from what is known.
    pub fn holds_at(self, now: Duration) -> bool {
        !self.left_at(now).is_zero()
    }

    /// How much of it is left; zero if it does not hold.
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
