//! The services whose facts are kept here, asked how far they are before something is refused that may
//! be there and not be heard of yet.

use std::{sync::Arc, time::Instant};

use ::rpc::{Fault, PeerChannel};
use api::{
    identity::v1::{
        GetHeadRequest as IdentityRequest, feed_service_client::FeedServiceClient as IdentityClient,
    },
    membership::v1::{
        GetHeadRequest as MembershipRequest,
        feed_service_client::FeedServiceClient as MembershipClient,
    },
};
use parking_lot::RwLock;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Identity and membership. They are known while the feeds are followed.
#[derive(Clone, Default)]
pub(crate) struct Owners(Arc<RwLock<Option<Arc<Known>>>>);

struct Known {
    identity: PeerChannel,
    membership: PeerChannel,
    answered: Mutex<Option<Answer>>,
}

/// The last changes of both, and when they were asked for them.
struct Answer {
    asked: Instant,
    tokens: [String; 2],
}

impl Owners {
    /// Says how they are reached until `stop`. Within one process they reach this service, too: all
    /// would hold each other for ever if nobody let go.
    pub(crate) fn reach(
        &self,
        identity: PeerChannel,
        membership: PeerChannel,
        stop: CancellationToken,
    ) {
        *self.0.write() = Some(Arc::new(Known {
            identity,
            membership,
            answered: Mutex::default(),
        }));
        let owners = self.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            *owners.0.write() = None;
        });
    }

    /// Names the last changes of both. They are asked one question at a time, however many ask here:
    /// an answer to a question that began later serves all who wait.
    pub(crate) async fn heads(&self) -> Result<[String; 2], Fault> {
        let now = Instant::now();
        let known = self.0.read().clone();
        let known = known.ok_or_else(|| Fault::unavailable("the feeds are not followed yet"))?;
        let mut answered = known.answered.lock().await;
        if let Some(answer) = &*answered
            && answer.asked >= now
        {
            return Ok(answer.tokens.clone());
        }
        let asked = Instant::now();
        let tokens = known.ask().await.map_err(Fault::unavailable)?;
        *answered = Some(Answer {
            asked,
            tokens: tokens.clone(),
        });
        Ok(tokens)
    }
}

impl Known {
    async fn ask(&self) -> Result<[String; 2], Status> {
        let mut identity = IdentityClient::new(self.identity.for_itself());
        let mut membership = MembershipClient::new(self.membership.for_itself());
        let (identity, membership) = tokio::try_join!(
            identity.get_head(IdentityRequest {}),
            membership.get_head(MembershipRequest {}),
        )?;
        Ok([
            identity.into_inner().consistency_token,
            membership.into_inner().consistency_token,
        ])
    }
}
