//! Projects the facts of the other services: follows their feeds, and applies each page in one
//! transaction with the cursor, so that nothing is lost and nothing takes effect twice.

mod ended;
mod identity;
mod membership;
mod replay;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::rpc::PeerChannel;
use ::store::{Store, StoreError, WriteTx};
use clock::Clock;
use tasks::Tasks;
use tokio::sync::watch;
use tonic::Status;

use crate::{
    facts::{FactKey, Feed},
    store::cursors::{self, FeedCursor},
};

/// Delay before an interrupted feed is followed again.
const FEED_RETRY_DELAY: Duration = Duration::from_millis(200);
/// Maximum time without a message before a feed counts as dead; a feed sends one every second.
const SILENCE: Duration = Duration::from_secs(5);

/// Maximum time to apply a page before the connection counts as dead.
const APPLY: Duration = Duration::from_secs(30);

/// The liveness of the feeds.
#[derive(Debug)]
pub(crate) struct FeedLiveness {
    clock: Arc<dyn Clock>,
    /// Time since boot of the last message that said that nothing is outstanding, in nanoseconds,
    /// by feed.
    at: [AtomicU64; 2],
    /// True for each feed that has reported so since the process began.
    caught_up: watch::Sender<[bool; 2]>,
}

impl FeedLiveness {
    /// Both feeds count as live when the process begins.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let heard = Self {
            clock,
            at: [AtomicU64::new(0), AtomicU64::new(0)],
            caught_up: watch::Sender::new([false; 2]),
        };
        heard.note(Feed::Identity);
        heard.note(Feed::Membership);
        heard
    }

    /// Waits until both feeds have been applied to their ends.
    pub(crate) async fn caught_up(&self) {
        let mut caught_up = self.caught_up.subscribe();
        // The sender lives as long as `self`.
        let _ = caught_up
            .wait_for(|feeds| feeds.iter().all(|feed| *feed))
            .await;
    }

    /// True if both feeds have been applied to their ends since the process began, and their last
    /// messages are recent enough.
    pub(crate) fn is_recent(&self, silence: Duration) -> bool {
        let caught_up = self.caught_up.borrow().iter().all(|feed| *feed);
        caught_up && self.silence(self.clock.since_boot()) <= silence
    }

    /// Returns the time since the last message of the feed that has been silent longest.
    pub(crate) fn silence(&self, now: Duration) -> Duration {
        let longest = self.at.iter().map(|at| {
            let at = Duration::from_nanos(at.load(Ordering::Relaxed));
            now.saturating_sub(at)
        });
        longest.max().unwrap_or_default()
    }

    /// Records that nothing is outstanding in a feed.
    fn caught_up_with(&self, feed: Feed) {
        self.note(feed);
        self.caught_up.send_if_modified(|feeds| {
            let [identity, membership] = feeds;
            let own = match feed {
                Feed::Identity => identity,
                Feed::Membership => membership,
            };
            !std::mem::replace(own, true)
        });
    }

    fn note(&self, feed: Feed) {
        let now = u64::try_from(self.clock.since_boot().as_nanos()).unwrap_or(u64::MAX);
        let [identity, membership] = &self.at;
        match feed {
            Feed::Identity => identity.store(now, Ordering::Relaxed),
            Feed::Membership => membership.store(now, Ordering::Relaxed),
        }
    }
}

/// The reason why a feed was interrupted; it is followed again after a delay.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("the feed cannot be read")]
    Feed(#[from] Box<Status>),
    #[error("the feed was silent for too long")]
    Silent,
    #[error("the feed ended")]
    Ended,
    #[error("a change cannot be applied")]
    Store(#[from] StoreError),
}

impl From<Status> for FollowError {
    fn from(status: Status) -> Self {
        Self::Feed(Box::new(status))
    }
}

/// Follows both feeds.
pub(crate) fn follow(
    store: &Store,
    heard: &Arc<FeedLiveness>,
    identity: PeerChannel,
    membership: PeerChannel,
    tasks: &Tasks,
) {
    let (own, when) = (store.clone(), heard.clone());
    let follow = move || identity::follow(own.clone(), when.clone(), identity.clone());
    tasks.keep("identity feed", move || {
        again(Feed::Identity, follow.clone())
    });
    let (own, when) = (store.clone(), heard.clone());
    let follow = move || membership::follow(own.clone(), when.clone(), membership.clone());
    tasks.keep("membership feed", move || {
        again(Feed::Membership, follow.clone())
    });
}

async fn again<F>(feed: Feed, follow: impl Fn() -> F + Send)
where
    F: Future<Output = Result<(), FollowError>> + Send,
{
    loop {
        match follow().await {
            // Another replica has applied the page: continue from its cursor.
            Err(FollowError::Store(StoreError::Stale)) | Ok(()) => {}
            Err(error) => {
                tracing::warn!(
                    feed = feed.name(),
                    error = &error as &dyn std::error::Error,
                    "feed interrupted"
                );
                tokio::time::sleep(FEED_RETRY_DELAY).await;
            }
        }
    }
}

/// Moves the cursor of a feed and notifies the facts, in the transaction of the changes.
async fn advance(
    tx: &mut WriteTx,
    feed: Feed,
    from: &FeedCursor,
    to: &FeedCursor,
) -> Result<(), StoreError> {
    cursors::advance(tx, feed.name(), from, to).await?;
    tx.emit(FactKey::Cursor(feed).entity(), to.to_bytes());
    Ok(())
}

fn touch(tx: &mut WriteTx, piece: &FactKey) {
    tx.emit(piece.entity(), Vec::new());
}
