//! Moves the projection of another service from one history of it to another: the feed begins
//! again, and entities that it has not reported by its end no longer exist.

use store::{Cursor, StoreError, WriteTx};

use super::advance;
use crate::{
    facts::Feed,
    store::{
        cursors::FeedCursor,
        told::{self, Known},
    },
};

/// The header of a page of a feed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Position at which the feed resumes after the page.
    pub(super) cursor: Cursor,
    /// True if the feed has nothing after the page.
    pub(super) caught_up: bool,
    /// True if the page begins another history.
    pub(super) anew: bool,
}

impl Page {
    /// Returns the cursor after the page is applied.
    pub(super) fn after(&self, from: &FeedCursor) -> FeedCursor {
        FeedCursor {
            cursor: self.cursor,
            replaying: self.is_replay(from) && !self.caught_up,
        }
    }

    /// True if the page changes nothing.
    pub(super) fn is_empty(&self, from: &FeedCursor) -> bool {
        !self.anew && self.after(from) == *from
    }

    /// True if the page ends a replay.
    fn ends_replay(&self, from: &FeedCursor) -> bool {
        self.is_replay(from) && self.caught_up
    }

    /// True if the page belongs to a replay; the names in it are then recorded.
    fn is_replay(&self, from: &FeedCursor) -> bool {
        self.anew || from.replaying
    }

    /// Records the names in the page during a replay. Returns the names of entities that no longer
    /// exist, if the page ends the replay.
    pub(super) async fn note(
        &self,
        tx: &WriteTx,
        feed: Feed,
        from: &FeedCursor,
        names: impl Iterator<Item = String>,
        known: &[Known],
    ) -> Result<Vec<String>, StoreError> {
        if !self.is_replay(from) {
            return Ok(Vec::new());
        }
        if self.anew {
            tracing::warn!(
                feed = feed.name(),
                known = from.cursor.position,
                epoch = %self.cursor.epoch,
                "the history of the feed was replaced; it is read from its start"
            );
            told::clear(tx, feed.name()).await?;
        }
        told::put(tx, feed.name(), names.collect()).await?;
        let mut gone = Vec::new();
        if self.ends_replay(from) {
            for known in known {
                gone.extend(told::untold(tx, feed.name(), *known).await?);
            }
            told::clear(tx, feed.name()).await?;
        }
        Ok(gone)
    }

    /// Moves the cursor past the page before applying it. If another replica applies it first, or
    /// writes grants at the same time, this one waits here without holding other locks.
    pub(super) async fn lead(
        &self,
        tx: &mut WriteTx,
        feed: Feed,
        from: &FeedCursor,
    ) -> Result<(), StoreError> {
        tx.lead().await?;
        advance(tx, feed, from, &self.after(from)).await
    }
}
