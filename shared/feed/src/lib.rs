//! The streaming side of the outbox: what has changed, and then whatever changes.

use std::time::Duration;

use store::{Backlog, Cursor, Store, StoreError};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// How often the log is read without a hint: commits of other replicas give none.
const POLL: Duration = Duration::from_millis(200);
/// How often a reader is told that there is nothing new.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Streams what follows `cursor`, for as long as the reader listens and until `shutdown`. Ends
/// after the first error.
pub fn watch(
    store: Store,
    cursor: Cursor,
    shutdown: CancellationToken,
) -> ReceiverStream<Result<Backlog, StoreError>> {
    // One page at a time: a slow reader holds up nobody and piles up nothing.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let stream = stream(&store, cursor, &sender);
        tokio::select! {
            () = stream => {}
            () = sender.closed() => {}
            () = shutdown.cancelled() => {}
        }
    });
    ReceiverStream::new(receiver)
}

async fn stream(
    store: &Store,
    mut cursor: Cursor,
    sender: &mpsc::Sender<Result<Backlog, StoreError>>,
) {
    let mut commits = store.subscribe();
    let mut silent = HEARTBEAT;
    loop {
        commits.mark_unchanged();
        let backlog = store.backlog(cursor).await;
        let (quiet, caught_up) = match &backlog {
            Ok(page) => (page.cursor == cursor, page.caught_up),
            Err(_) => (false, true),
        };
        if let Ok(page) = &backlog {
            cursor = page.cursor;
        }
        if quiet && silent < HEARTBEAT {
            silent += POLL;
        } else {
            silent = Duration::ZERO;
            let failed = backlog.is_err();
            if sender.send(backlog).await.is_err() || failed {
                return;
            }
        }
        if caught_up {
            // A hint or the poll interval, whichever comes first.
            let _ = timeout(POLL, commits.changed()).await;
        }
    }
}
