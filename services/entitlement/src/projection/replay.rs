//! Brings what is known of another service from one history of it to another: the feed then begins
//! anew, and what it does not tell of until its end is no more.

use store::{Cursor, StoreError, WriteTx};

use super::advance;
use crate::{
    facts::Feed,
    store::{
        cursors::FeedCursor,
        told::{self, Known},
    },
};

/// What a page of a feed says beside its changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Where the feed is to be resumed after it.
    pub(super) cursor: Cursor,
    /// Whether it ends with all there is.
    pub(super) caught_up: bool,
    /// Whether it begins another history.
    pub(super) anew: bool,
}

impl Page {
    /// Where the feed is once the page is applied.
    pub(super) fn after(&self, from: &FeedCursor) -> FeedCursor {
        FeedCursor {
            cursor: self.cursor,
            replaying: self.is_replay(from) && !self.caught_up,
        }
    }

    /// Whether there is nothing to apply.
    pub(super) fn is_empty(&self, from: &FeedCursor) -> bool {
        !self.anew && self.after(from) == *from
    }

    /// Whether a replay ends with it.
    fn ends_replay(&self, from: &FeedCursor) -> bool {
        self.is_replay(from) && self.caught_up
    }

    /// Whether it is of a replay, so that what it tells of is noted.
    fn is_replay(&self, from: &FeedCursor) -> bool {
        self.anew || from.replaying
    }

    /// Notes what the page tells of, by name, where that is needed. Returns the names of what is
    /// no more, if the replay ends with the page.
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

    /// Moves the cursor past the page, before it is applied: where another replica was first, or
    /// gives and revokes at the same time, this one waits for it and holds nothing meanwhile.
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
