//! Establishes who calls, from the credential of the call.

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;
use authority::{Account, Caller, Undecided};
use aws_lc_rs::{constant_time, digest};
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use tonic::Status;
use tower::{Layer, Service};

use super::{BoxFuture, Request, Response, call::Call, is_public};
use crate::fault::Fault;

/// Knows the keys of service accounts.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Whose key this is.
    ///
    /// # Errors
    /// [`Undecided`] when that cannot be looked up; the call is then refused.
    async fn authenticate(&self, secret: &str) -> Result<Option<Arc<Account>>, Undecided>;
}

/// Whether a secret has the form of a service account's key: what the peers share never has.
fn is_key(secret: &str) -> bool {
    secret.starts_with("mk_")
}

/// The key with which the services of an installation call each other.
#[derive(Clone)]
pub struct PeerKey {
    secret: SecretString,
    /// Of the secret: each call is compared with it.
    digest: digest::Digest,
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerKey")
    }
}

impl PeerKey {
    /// Wraps a secret of at least 32 characters that has not the form of a service account's key.
    ///
    /// # Errors
    /// The secret is returned if it is another.
    pub fn new(secret: SecretString) -> Result<Self, SecretString> {
        if secret.expose_secret().len() < 32 || is_key(secret.expose_secret()) {
            return Err(secret);
        }
        let digest = digest::digest(&digest::SHA256, secret.expose_secret().as_bytes());
        Ok(Self { secret, digest })
    }

    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Compares digests, in constant time: neither content nor length shows.
    fn matches(&self, presented: &str) -> bool {
        let presented = digest::digest(&digest::SHA256, presented.as_bytes());
        constant_time::verify_slices_are_equal(self.digest.as_ref(), presented.as_ref()).is_ok()
    }
}

/// How callers authenticate.
#[derive(Clone)]
pub enum Authentication {
    /// By keys.
    Keys {
        /// The key of the other services.
        peer: PeerKey,
        /// The keys of service accounts.
        keys: Arc<dyn Authenticator>,
    },
    /// Waived: whoever presents no credential is this subject. For test rigs.
    Waived {
        /// The key of the other services.
        peer: PeerKey,
        /// The keys of service accounts.
        keys: Arc<dyn Authenticator>,
        /// Who everybody else is.
        anonymous: Arc<Account>,
    },
}

impl Authentication {
    async fn caller(&self, presented: Option<&str>) -> Result<Caller, Fault> {
        let (peer, keys) = match self {
            Self::Keys { peer, keys } | Self::Waived { peer, keys, .. } => (peer, keys),
        };
        match (presented, self) {
            (Some(secret), _) if !is_key(secret) && peer.matches(secret) => Ok(Caller::Peer),
            (Some(secret), _) => match keys.authenticate(secret).await {
                Ok(Some(account)) => Ok(Caller::Subject(account)),
                Ok(None) => Err(Fault::unauthenticated()),
                Err(error) => Err(Fault::unavailable(error)),
            },
            (None, Self::Waived { anonymous, .. }) => Ok(Caller::Subject(anonymous.clone())),
            (None, Self::Keys { .. }) => Err(Fault::unauthenticated()),
        }
    }
}

/// Refuses a call by nobody; notes the [`Caller`] of every other.
#[derive(Clone)]
pub(crate) struct AuthenticateLayer(Arc<Authentication>);

impl AuthenticateLayer {
    pub(crate) fn new(authentication: Authentication) -> Self {
        Self(Arc::new(authentication))
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticate {
            authentication: self.0.clone(),
            inner,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Authenticate<S> {
    /// Shared: the stack is cloned for each call.
    authentication: Arc<Authentication>,
    inner: S,
}

impl<S> Service<Request> for Authenticate<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        if is_public(request.uri().path()) {
            return Box::pin(inner.call(request));
        }
        let authentication = self.authentication.clone();
        Box::pin(async move {
            let presented = bearer(&request);
            match authentication.caller(presented).await {
                Ok(caller) => {
                    request.headers_mut().remove(AUTHORIZATION);
                    if let Some(call) = request.extensions_mut().get_mut::<Call>() {
                        call.caller = Some(caller);
                    }
                    inner.call(request).await
                }
                Err(fault) => Ok(Status::from(fault).into_http()),
            }
        })
    }
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
