//! What a service asks the other services of its installation.

pub mod refusal;

use std::time::Duration;

use api::{
    common::v1::Propagation,
    entitlement::v1::{
        AuthorizeRequest, AwaitProjectionRequest, CheckControlRequest, CheckMoveRequest,
        ReleaseMemberRequest, peer_service_client::PeerServiceClient,
    },
};
use async_trait::async_trait;
use authority::{Account, Context, Decider, Proof, Reach, Undecided, Verdict};

use rpc::{Channel, Fault, PeerChannel};
use tonic::{Response, Status};

/// How long a change that takes power away waits until the entitlement service has it.
const PROPAGATION: Duration = Duration::from_secs(2);

/// How long a question may take that a transaction waits for: a database ends one that waits for two
/// seconds.
const WITHIN_A_WRITE: Duration = Duration::from_millis(1500);

/// The entitlement service, which decides what callers may do.
#[derive(Debug, Clone)]
pub struct Entitlement(PeerChannel);

impl Entitlement {
    /// The service behind a channel.
    pub fn new(channel: PeerChannel) -> Self {
        Self(channel)
    }

    /// The channel, for other calls.
    pub fn channel(&self) -> &PeerChannel {
        &self.0
    }

    /// Makes entitlement let a member go whose access is about to be suspended or to end: what is
    /// committed then, within a minute, leaves nobody without whom an organization cannot be.
    ///
    /// # Errors
    /// What entitlement refuses, or that it did not answer in time.
    pub async fn release(
        &self,
        context: &Context,
        request: ReleaseMemberRequest,
    ) -> Result<(), Fault> {
        let mut client = self.client(context);
        answered(client.release_member(request)).await
    }

    /// Asks whether somebody could give, or take, all that another holds. To be asked last before the
    /// commit.
    ///
    /// # Errors
    /// What entitlement refuses, or that it did not answer in time.
    pub async fn check_control(
        &self,
        context: &Context,
        request: CheckControlRequest,
    ) -> Result<(), Fault> {
        let mut client = self.client(context);
        answered(client.check_control(request)).await
    }

    /// Asks whether somebody may move a place. To be asked last before the commit.
    ///
    /// # Errors
    /// What entitlement refuses, or that it did not answer in time.
    pub async fn check_move(
        &self,
        context: &Context,
        request: CheckMoveRequest,
    ) -> Result<(), Fault> {
        let mut client = self.client(context);
        answered(client.check_move(request)).await
    }

    fn client(&self, context: &Context) -> PeerServiceClient<Channel> {
        PeerServiceClient::new(self.0.for_call(context))
    }

    /// Waits until the entitlement service has the change that returned `consistency_token`, for at
    /// most two seconds or until the caller's deadline. An empty token names no change.
    pub async fn propagated(&self, context: &Context, consistency_token: &str) -> Propagation {
        if consistency_token.is_empty() {
            return Propagation::Unspecified;
        }
        let request = AwaitProjectionRequest {
            consistency_token: consistency_token.to_owned(),
        };
        let mut client = PeerServiceClient::new(self.0.for_call(context));
        match tokio::time::timeout(PROPAGATION, client.await_projection(request)).await {
            Ok(Ok(_)) => Propagation::Complete,
            Ok(Err(status)) => {
                tracing::warn!(error = %status, "a change is not known to be true everywhere");
                Propagation::Pending
            }
            Err(_) => Propagation::Pending,
        }
    }
}

async fn answered<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<(), Fault> {
    match tokio::time::timeout(WITHIN_A_WRITE, call).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(status)) => {
            Err(refusal::read(&status).unwrap_or_else(|| Fault::unavailable(status)))
        }
        Err(late) => Err(Fault::unavailable(late)),
    }
}

#[async_trait]
impl Decider for Entitlement {
    async fn allows(
        &self,
        context: &Context,
        caller: &Account,
        permission: &str,
        reach: Reach<'_>,
    ) -> Result<Verdict, Undecided> {
        let request = AuthorizeRequest {
            caller: caller.name.to_string(),
            permission: permission.to_owned(),
            organization: match reach {
                Reach::Operator => String::new(),
                Reach::Organization(organization) | Reach::Within(organization) => {
                    organization.name()
                }
            },
            audited: context.trail.is_some(),
            anywhere: matches!(reach, Reach::Within(_)),
        };
        let mut client = PeerServiceClient::new(self.0.for_call(context));
        let response = client.authorize(request).await;
        let response = response.map_err(|status| Undecided(status.into()))?;
        let response = response.into_inner();
        Ok(if response.allowed {
            Verdict::Allowed(Proof {
                grant: response.grant,
                granted_by: response.granted_by,
            })
        } else {
            Verdict::Denied {
                member: response.member,
            }
        })
    }
}
