//! The feed of changes.

use std::pin::Pin;

use ::rpc::{enter, refuse};
use api::identity::v1::{
    Change, GetHeadRequest, GetHeadResponse, WatchRequest, WatchResponse,
    feed_service_server::FeedService,
};
use authority::{Context, Reach};
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
        self.authorize(&context).await?;
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

    async fn get_head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<Response<GetHeadResponse>, Status> {
        let (context, _) = enter(request)?;
        self.authorize(&context).await?;
        let head = self.0.store.head_token().await;
        let consistency_token = head.map_err(|error| refuse(Error::from(error)))?;
        Ok(Response::new(GetHeadResponse { consistency_token }))
    }
}

impl Feed {
    async fn authorize(&self, context: &Context) -> Result<(), Status> {
        let permit = self.0.authority.authorize(context, Reach::Operator);
        let refused = permit.await.map(|_| ());
        refused.map_err(|refused| refuse(Error::from(refused)))
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
