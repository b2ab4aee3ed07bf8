//! Tells which connections of PostgreSQL listen for notifications.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

const LISTEN: &[u8] = b"LISTEN ";

/// Looks at what is sent on a connection.
pub(super) struct Sniff {
    /// Whether it listens, which both directions know.
    pub(super) listens: Arc<AtomicBool>,
}

impl Sniff {
    pub(super) fn new(listens: Arc<AtomicBool>) -> Self {
        Self { listens }
    }

    /// Notes what is sent: the command is short, and sent in one piece.
    pub(super) fn see(&self, piece: &[u8]) {
        if piece.windows(LISTEN.len()).any(|window| window == LISTEN) {
            self.listens.store(true, Ordering::Relaxed);
        }
    }
}
