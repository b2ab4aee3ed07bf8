use base::Epoch;

/// A revision in its history. Revisions of different epochs say nothing about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// The history.
    pub epoch: Epoch,
    /// The revision in it.
    pub revision: i64,
}

impl At {
    /// Whether this is of the same history as `other`, and not after it.
    pub fn is_known_at(self, other: Self) -> bool {
        self.epoch == other.epoch && self.revision <= other.revision
    }
}
