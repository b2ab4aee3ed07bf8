//! The stream of changes.

use std::pin::Pin;

use ::rpc::{enter, refuse};
use api::identity::v1::{Change, WatchRequest, WatchResponse, feed_service_server::FeedService};
use authority::Reach;
use base::Epoch;
use prost::Message;
use store::{Backlog, Cursor, StoreError};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use crate::{app::App, error::Error};

pub(crate) struct Feed(pub(crate) App);

#[tonic::async_trait]
impl FeedService for Feed {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (context, request) = enter(request)?;
        let permit = self.0.authority.authorize(&context, Reach::Operator);
        permit
            .await
            .map_err(|refused| refuse(Error::from(refused)))?;
        let pages = ::feed::watch(
            self.0.store.clone(),
            Cursor {
                epoch: Epoch(request.epoch),
                position: request.cursor,
                mark: request.mark,
            },
            self.0.shutdown.clone(),
        );
        let responses = pages.map(|page| {
            page.and_then(|page| response(&page))
                .map_err(|error| refuse(Error::from(error)))
        });
        Ok(Response::new(Box::pin(responses)))
    }
}

fn response(page: &Backlog) -> Result<WatchResponse, StoreError> {
    let changes = page
        .entries
        .iter()
        .map(|entry| Change::decode(entry.payload.as_slice()))
        .collect::<Result<_, _>>()?;
    Ok(WatchResponse {
        changes,
        cursor: page.cursor.position,
        caught_up: page.caught_up,
        epoch: page.cursor.epoch.0,
        mark: page.cursor.mark,
        anew: page.anew,
    })
}
