//! Verification of a copy of a log, record by record, with the key and without the database.

use crate::chain::{Anchor, Chain, Mac};

/// A defect of a copy of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The record at this position, from 1, is not the one that was written there.
    #[error("record {0} is not the one that was written there")]
    Altered(u64),
    /// The log had this many records, and now ends earlier.
    #[error("the log had {anchored} records, and {found} are left")]
    CutOff {
        /// The number of records that it had.
        anchored: u64,
        /// The number of records that are left.
        found: u64,
    },
    /// The log differs from the one that was anchored.
    #[error("the log was different when it had {0} records")]
    Rewritten(u64),
    /// There is no anchor for the end of the log.
    #[error("without an anchor nobody can tell whether the end was cut off")]
    Unanchored,
}

/// A log that passed verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The number of its records.
    pub count: u64,
}

/// Verifies a copy of a log, without holding it in memory.
#[derive(Debug)]
pub struct Verifier {
    chain: Chain,
    /// Sorted by count.
    anchors: Vec<Anchor>,
    count: u64,
    last: Mac,
}

impl Verifier {
    /// Begins, with the known anchors of the log.
    pub fn new(chain: Chain, anchors: Vec<Anchor>) -> Self {
        Self {
            chain,
            anchors,
            count: 0,
            last: Chain::START,
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Broken::Altered`]: no later record can be trusted.
    pub fn record(&mut self, record: &[u8], mac: &[u8]) -> Result<(), Broken> {
        self.count += 1;
        if !self.chain.follows(&self.last, record, mac) {
            return Err(Broken::Altered(self.count));
        }
        self.last = self.chain.next(&self.last, record);
        self.check_anchors()
    }

    fn check_anchors(&self) -> Result<(), Broken> {
        let mut here = self
            .anchors
            .iter()
            .filter(|anchor| anchor.count == self.count);
        if here.any(|anchor| anchor.mac != self.last) {
            return Err(Broken::Rewritten(self.count));
        }
        Ok(())
    }

    /// Ends the verification.
    ///
    /// # Errors
    /// [`Broken::CutOff`], [`Broken::Unanchored`].
    pub fn end(self) -> Result<Verified, Broken> {
        let anchored = self.anchors.iter().map(|anchor| anchor.count).max();
        let anchored = anchored.ok_or(Broken::Unanchored)?;
        if anchored > self.count {
            return Err(Broken::CutOff {
                anchored,
                found: self.count,
            });
        }
        Ok(Verified { count: self.count })
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
