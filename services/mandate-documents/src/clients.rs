//! Clients of the services, with a key.

mod error;
mod pages;

use std::{fmt, future::Future, time::Duration};

pub use error::CallError;

use api::{
    entitlement::v1::{
        audit_service_client::AuditServiceClient as EntitlementAuditClient,
        authorization_service_client::AuthorizationServiceClient,
        catalog_service_client::CatalogServiceClient,
        custom_role_service_client::CustomRoleServiceClient,
        grant_service_client::GrantServiceClient, watch_service_client::WatchServiceClient,
    },
    identity::v1::{
        audit_service_client::AuditServiceClient as IdentityAuditClient,
        service_account_service_client::ServiceAccountServiceClient,
        user_service_client::UserServiceClient,
    },
    membership::v1::{
        audit_service_client::AuditServiceClient as MembershipAuditClient,
        contact_service_client::ContactServiceClient, member_service_client::MemberServiceClient,
        organization_service_client::OrganizationServiceClient,
        request_service_client::RequestServiceClient,
    },
};
use http::{HeaderValue, header::AUTHORIZATION};
use rpc::Channel;
use secrecy::{ExposeSecret, SecretString};
use tonic::{Request, Response, Status, body::Body};
use tower::{ServiceExt, util::BoxCloneSyncService};

/// The largest response: a page of grants whose scopes name many units.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A service of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Users and service accounts.
    Identity,
    /// Organizations and members.
    Membership,
    /// The catalog, grants and decisions.
    Entitlement,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Membership => "membership",
            Self::Entitlement => "entitlement",
        })
    }
}

/// Channels to the three services that present a key.
#[derive(Debug, Clone)]
pub struct Clients {
    identity: Channel,
    membership: Channel,
    entitlement: Channel,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $method:ident: $client:ident of $channel:ident;)*) => {$(
        $(#[$doc])*
        pub fn $method(&self) -> $client<Channel> {
            $client::new(self.$channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
        }
    )*};
}

impl Clients {
    /// Calls over these channels, in this process or over TCP, with a key.
    pub fn new(
        identity: Channel,
        membership: Channel,
        entitlement: Channel,
        key: &SecretString,
    ) -> Self {
        let bearer = bearer(key.expose_secret());
        Self {
            identity: with_key(identity, bearer.clone()),
            membership: with_key(membership, bearer.clone()),
            entitlement: with_key(entitlement, bearer),
        }
    }

    clients! {
        /// Users.
        users: UserServiceClient of identity;
        /// Service accounts.
        service_accounts: ServiceAccountServiceClient of identity;
        /// Organizations, units and resources.
        organizations: OrganizationServiceClient of membership;
        /// Contacts of organizations.
        contacts: ContactServiceClient of membership;
        /// Memberships.
        members: MemberServiceClient of membership;
        /// Change requests.
        requests: RequestServiceClient of membership;
        /// Applications.
        catalog: CatalogServiceClient of entitlement;
        /// Custom roles.
        custom_roles: CustomRoleServiceClient of entitlement;
        /// Entitlements and grants.
        grants: GrantServiceClient of entitlement;
        /// Decisions.
        authorization: AuthorizationServiceClient of entitlement;
        /// Changes.
        watch: WatchServiceClient of entitlement;
        /// The audit log of identity.
        identity_audit: IdentityAuditClient of identity;
        /// The audit log of membership.
        membership_audit: MembershipAuditClient of membership;
        /// The audit log of entitlement.
        entitlement_audit: EntitlementAuditClient of entitlement;
    }
}

/// Returns a request with a deadline.
pub fn within<T>(deadline: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// Awaits a call; an error names the service and the method.
///
/// # Errors
/// The call failed.
pub async fn answer<T>(
    service: Service,
    method: &'static str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, CallError> {
    match call.await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(CallError {
            service,
            method,
            status: Box::new(status),
        }),
    }
}

/// Returns the authorization header; `None` if no header can hold the key: the service will then
/// refuse the call.
fn bearer(key: &str) -> Option<HeaderValue> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
    bearer.set_sensitive(true);
    Some(bearer)
}

fn with_key(channel: Channel, bearer: Option<HeaderValue>) -> Channel {
    BoxCloneSyncService::new(
        channel.map_request(move |mut request: http::Request<Body>| {
            if let Some(bearer) = &bearer {
                request.headers_mut().insert(AUTHORIZATION, bearer.clone());
            }
            request
        }),
    )
}
