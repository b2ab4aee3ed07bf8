//! Moments as the stores and the rules keep them.

/// A moment in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// Earlier than every other moment.
    pub const MIN: Self = Self(i64::MIN);
    /// Later than every other moment: "never".
    pub const MAX: Self = Self(i64::MAX);
}
