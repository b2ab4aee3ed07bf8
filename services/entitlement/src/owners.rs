//! The services that own the projected facts. Before this service refuses a call for a fact that
//! may be missing only here, it queries them for their last changes.

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

/// Identity and membership; set while the feeds are followed.
#[derive(Clone, Default)]
pub(crate) struct Owners(Arc<RwLock<Option<Arc<Known>>>>);

struct Known {
    identity: PeerChannel,
    membership: PeerChannel,
    answered: Mutex<Option<Answer>>,
}

/// The last changes of both services, and the time at which they were queried.
struct Answer {
    asked: Instant,
    tokens: [String; 2],
}

impl Owners {
    /// Sets their channels until `stop`. Within one process these services also hold a channel to
    /// this one, so without `stop` the cycle would never be freed.
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

    /// Returns tokens of the last changes of both services. Only one query runs at a time, however
    /// many callers wait: the answer to a query that began later than a call serves that call.
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
