//! Calls to the peer services: to create and to show memberships, and to change grants.

use std::collections::HashMap;

use api::{
    entitlement::v1::{
        AccessSummary, ApplyGrantChangesForRequest, SummarizeAccessRequest,
        peer_service_client::PeerServiceClient as EntitlementClient,
    },
    identity::v1::{
        DescribeSubjectsRequest, SubjectDescription,
        peer_service_client::PeerServiceClient as IdentityClient,
    },
};
use authz::{Caller, Context};
use rpc::{Channel, Fault, PeerChannel};
use service::peer::{Entitlement, refusal};
use tonic::Status;
use types::OrganizationId;

/// The identity service, for users and service accounts.
#[derive(Debug, Clone)]
pub(crate) struct Identity(PeerChannel);

impl Identity {
    /// Returns the service behind a channel.
    pub(crate) fn new(channel: PeerChannel) -> Self {
        Self(channel)
    }

    /// Returns the descriptions of up to 1,000 subjects, by name, without those that do not exist.
    pub(crate) async fn describe(
        &self,
        context: &Context,
        names: Vec<String>,
    ) -> Result<HashMap<String, SubjectDescription>, Fault> {
        let mut client = IdentityClient::new(self.0.for_call(context));
        let response = client
            .describe_subjects(DescribeSubjectsRequest { names })
            .await
            .map_err(Fault::unavailable)?;
        let subjects = response.into_inner().subjects.into_iter();
        Ok(subjects
            .map(|subject| (subject.name.clone(), subject))
            .collect())
    }
}

/// Returns the access of up to 1,000 subjects in an organization, in their order, as far as the
/// caller may see it.
pub(crate) async fn summarize(
    entitlement: &Entitlement,
    context: &Context,
    organization: &OrganizationId,
    subjects: Vec<String>,
) -> Result<Vec<AccessSummary>, Fault> {
    let Caller::Subject(caller) = &context.caller else {
        return Err(Fault::denied());
    };
    let request = SummarizeAccessRequest {
        organization: organization.name(),
        subjects,
        caller: caller.name.to_string(),
    };
    let mut client = EntitlementClient::new(entitlement.channel().for_call(context));
    let response = client
        .summarize_access(request)
        .await
        .map_err(Fault::unavailable)?;
    Ok(response.into_inner().summaries)
}

/// An error of changing grants.
#[derive(Debug)]
pub(crate) enum ApplyError {
    /// Entitlement refuses, and will refuse again unless something changes.
    Refused(Box<Fault>),
    /// The outcome is unknown.
    Unknown(Status),
}

/// Changes grants as the caller in the request; returns the token of the change.
pub(crate) async fn change_grants(
    entitlement: Channel,
    request: ApplyGrantChangesForRequest,
) -> Result<String, ApplyError> {
    let mut client = EntitlementClient::new(entitlement);
    match client.apply_grant_changes_for(request).await {
        Ok(response) => Ok(response.into_inner().consistency_token),
        Err(status) => Err(match refusal::read(&status) {
            Some(refusal) => ApplyError::Refused(Box::new(refusal)),
            None => ApplyError::Unknown(status),
        }),
    }
}
