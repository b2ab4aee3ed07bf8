//! The streaming side of the outbox: the changes so far, and then each new change.

use std::{pin::Pin, time::Duration};

use authz::{Authority, Context, Reach};
use prost::Message;
use store::{Backlog, Cursor, Store, StoreError};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use types::Epoch;

use crate::{enter::refuse, store_fault::store_fault};

/// Interval at which the log is read without a notification, because commits of other replicas may
/// give none.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Interval of messages to a reader while there is nothing new.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// The response stream of a feed.
pub type Responses<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// Implements the generated `FeedService` of a package for `$edge`, a tuple struct of the
/// application. The application has a `store`, an `authority`, and the token `shutdown`.
#[macro_export]
macro_rules! feed_service {
    ($($package:ident)::+, for $edge:ty) => {
        #[tonic::async_trait]
        impl $($package)::+::feed_service_server::FeedService for $edge {
            type WatchStream = $crate::feed::Responses<$($package)::+::WatchResponse>;

            async fn watch(
                &self,
                request: tonic::Request<$($package)::+::WatchRequest>,
            ) -> Result<tonic::Response<Self::WatchStream>, tonic::Status> {
                let (context, request) = $crate::enter(request)?;
                $crate::feed::authorize(&self.0.authority, &context).await?;
                let cursor = $crate::feed::cursor(request.epoch, request.cursor, request.mark);
                let (store, shutdown) = (self.0.store.clone(), self.0.shutdown.clone());
                let pages = $crate::feed::watch(store, cursor, shutdown);
                let responses = $crate::feed::respond(pages, |page| {
                    Ok($($package)::+::WatchResponse {
                        changes: $crate::feed::changes(page)?,
                        cursor: page.cursor.position,
                        caught_up: page.caught_up,
                        epoch: page.cursor.epoch.0,
                        mark: page.cursor.mark,
                        anew: page.anew,
                    })
                });
                Ok(tonic::Response::new(responses))
            }

            async fn get_head(
                &self,
                request: tonic::Request<$($package)::+::GetHeadRequest>,
            ) -> Result<tonic::Response<$($package)::+::GetHeadResponse>, tonic::Status> {
                let (context, _) = $crate::enter(request)?;
                $crate::feed::authorize(&self.0.authority, &context).await?;
                let consistency_token = $crate::feed::head_token(&self.0.store).await?;
                Ok(tonic::Response::new($($package)::+::GetHeadResponse {
                    consistency_token,
                }))
            }
        }
    };
}

/// Checks that a caller may read a feed.
///
/// # Errors
/// The refusal of the authority.
pub async fn authorize(authority: &Authority, context: &Context) -> Result<(), Status> {
    let permit = authority.authorize(context, Reach::Operator).await;
    permit.map(|_| ()).map_err(refuse)
}

/// Returns the cursor of a reader.
pub fn cursor(epoch: i64, position: i64, mark: i64) -> Cursor {
    Cursor {
        epoch: Epoch(epoch),
        position,
        mark,
    }
}

/// Returns the token of the last commit.
///
/// # Errors
/// The store cannot be read.
pub async fn head_token(store: &Store) -> Result<String, Status> {
    let token = store.head_token().await;
    token.map_err(|error| refuse(store_fault(error)))
}

/// Returns the changes of a page.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub fn changes<C: Message + Default>(page: &Backlog) -> Result<Vec<C>, StoreError> {
    let decoded = page
        .entries
        .iter()
        .map(|entry| C::decode(entry.payload.as_slice()));
    Ok(decoded.collect::<Result<_, _>>()?)
}

/// Converts the pages of a feed to responses.
pub fn respond<R: 'static>(
    pages: ReceiverStream<Result<Backlog, StoreError>>,
    response: impl Fn(&Backlog) -> Result<R, StoreError> + Send + 'static,
) -> Responses<R> {
    Box::pin(pages.map(move |page| {
        page.and_then(|page| response(&page))
            .map_err(|error| refuse(store_fault(error)))
    }))
}

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
    let mut silent = HEARTBEAT_INTERVAL;
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
        if quiet && silent < HEARTBEAT_INTERVAL {
            silent += POLL_INTERVAL;
        } else {
            silent = Duration::ZERO;
            let failed = backlog.is_err();
            if sender.send(backlog).await.is_err() || failed {
                return;
            }
        }
        if caught_up {
            // Wait for a notification or the poll interval.
            let _ = timeout(POLL_INTERVAL, commits.changed()).await;
        }
    }
}
