use std::fmt;

use crate::UnixTime;

/// Number of bits of an epoch that distinguish epochs of the same millisecond.
const RANDOM_BITS: u32 = 20;

/// The identity of a history of changes: positions of different epochs are never compared.
///
/// A later epoch is the larger number, so that a writer of an earlier one recognizes itself. Its
/// decimal text has 19 digits until the year 2248, so texts compare as the numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub i64);

impl Epoch {
    /// Returns an epoch that begins now. `random` distinguishes it from others of the same
    /// millisecond.
    pub fn begin(now: UnixTime, random: u32) -> Self {
        let random = i64::from(random & ((1 << RANDOM_BITS) - 1));
        Self(now.0 << RANDOM_BITS | random)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_epoch_is_larger_and_its_text_has_nineteen_digits() {
        let (year_2020, year_2200) = (UnixTime(1_577_836_800_000), UnixTime(7_258_118_400_000));
        let epochs = [
            Epoch::begin(year_2020, u32::MAX),
            Epoch::begin(UnixTime(year_2020.0 + 1), 0),
            Epoch::begin(year_2200, 7),
        ];
        assert!(epochs.is_sorted());
        assert!(epochs.iter().all(|epoch| epoch.to_string().len() == 19));
    }
}
