//! Detects the connections of PostgreSQL that listen for notifications.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const LISTEN: &[u8] = b"LISTEN ";

/// Observes the data of a connection.
pub(super) struct Sniff {
    /// True if the connection listens for notifications. Shared by both directions.
    pub(super) listens: Arc<AtomicBool>,
}

impl Sniff {
    pub(super) fn new(listens: Arc<AtomicBool>) -> Self {
        Self { listens }
    }

    /// Observes data. The command is short, so it arrives in one piece.
    pub(super) fn see(&self, piece: &[u8]) {
        if piece.windows(LISTEN.len()).any(|window| window == LISTEN) {
            self.listens.store(true, Ordering::Relaxed);
        }
    }
}
