use types::Epoch;

/// A revision in its epoch. Revisions of different epochs cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// The epoch.
    pub epoch: Epoch,
    /// The revision in it.
    pub revision: i64,
}

impl At {
    /// True if this revision has the same epoch as `other`, and is not after it.
    pub fn is_known_at(self, other: Self) -> bool {
        self.epoch == other.epoch && self.revision <= other.revision
    }
}
