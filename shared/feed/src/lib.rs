//! The streaming side of the outbox: the changes so far, and then each new change.

use std::time::Duration;

use store::{Backlog, Cursor, Store, StoreError};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// Interval at which the log is read without a notification, because commits of other replicas may
/// give none.
const POLL: Duration = Duration::from_millis(200);
/// Interval of messages to a reader while there is nothing new.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Streams the changes after `cursor`, for as long as the reader listens and until `shutdown`. Ends
/// after the first error.
pub fn watch(
    store: Store,
    cursor: Cursor,
    shutdown: CancellationToken,
) -> ReceiverStream<Result<Backlog, StoreError>> {
    // One page at a time: a slow reader blocks no other reader, and pages do not pile up.
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
            // Wait for a notification or the poll interval.
            let _ = timeout(POLL, commits.changed()).await;
        }
    }
}
