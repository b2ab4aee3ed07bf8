//! Calls to the other services of an installation.

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
use authz::{Account, Context, Decider, Proof, Reach, Undecided, Verdict};
use rpc::{Channel, Fault, PeerChannel};
use tonic::{Response, Status};

/// Maximum time that a revoking change waits until the entitlement service has it.
const PROPAGATION_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum time of a call that a transaction waits for: the database ends a transaction that is
/// idle for two seconds.
const CALL_IN_WRITE_TIMEOUT: Duration = Duration::from_millis(1500);

/// The entitlement service, which decides the permissions of callers.
#[derive(Debug, Clone)]
pub struct Entitlement(PeerChannel);

impl Entitlement {
    /// Returns the service behind a channel.
    pub fn new(channel: PeerChannel) -> Self {
        Self(channel)
    }

    /// Returns the channel, for other calls.
    pub fn channel(&self) -> &PeerChannel {
        &self.0
    }

    /// Asks entitlement to release a member whose access is about to be suspended or ended. A
    /// commit within the next minute then leaves no organization without a required holder.
    ///
    /// # Errors
    /// The refusal of entitlement, or that it did not answer in time.
    pub async fn release(
        &self,
        context: &Context,
        request: ReleaseMemberRequest,
    ) -> Result<(), Fault> {
        let mut client = self.client(context);
        answered(client.release_member(request)).await
    }

    /// Checks that a caller could grant, or revoke, all the access of another subject. Call it last
    /// before the commit.
    ///
    /// # Errors
    /// The refusal of entitlement, or that it did not answer in time.
    pub async fn check_control(
        &self,
        context: &Context,
        request: CheckControlRequest,
    ) -> Result<(), Fault> {
        let mut client = self.client(context);
        answered(client.check_control(request)).await
    }

    /// Checks that a caller may move a unit or a resource. Call it last before the commit.
    ///
    /// # Errors
    /// The refusal of entitlement, or that it did not answer in time.
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
        match tokio::time::timeout(PROPAGATION_TIMEOUT, client.await_projection(request)).await {
            Ok(Ok(_)) => Propagation::Complete,
            Ok(Err(status)) => {
                tracing::warn!(error = %status, "the propagation of a change is not confirmed");
                Propagation::Pending
            }
            Err(_) => Propagation::Pending,
        }
    }
}

async fn answered<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<(), Fault> {
    match tokio::time::timeout(CALL_IN_WRITE_TIMEOUT, call).await {
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
