//! Establishes the caller from the credential of the call.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use authz::{Account, Caller, Undecided};
use futures_util::{
    FutureExt,
    future::{Either, ready},
};
use http::header::AUTHORIZATION;
use oidc::Tokens;
use tonic::Status;
use tower::{Layer, Service};
use types::OidcIdentity;

use super::{BoxFuture, Request, Response, call::Call, is_public};
use crate::{fault::Fault, peer_door::AtPeerDoor};

/// A credential, classified without a look-up of accounts.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// The presumed secret of a key.
    Secret(&'a str),
    /// The identity that a verified token proves.
    Oidc(&'a OidcIdentity),
}

/// Resolves credentials to accounts.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Returns the account of a credential, if it is known without waiting.
    fn recall(&self, credential: Credential<'_>) -> Poll<Option<Arc<Account>>> {
        let _ = credential;
        Poll::Pending
    }

    /// Returns the account of a credential.
    ///
    /// # Errors
    /// [`Undecided`] when the account cannot be looked up; the call is then refused.
    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided>;
}

/// True if a secret has the form of a service account's key.
fn is_key(secret: &str) -> bool {
    secret.starts_with("mk_")
}

/// The accepted methods of authentication.
#[derive(Clone)]
pub struct Authentication {
    /// The credentials of service accounts.
    pub credentials: Arc<dyn Authenticator>,
    /// The tokens that are accepted, if any.
    pub tokens: Option<Arc<Tokens>>,
    /// The account of calls without a credential, if authentication is waived: for test rigs.
    pub anonymous: Option<Arc<Account>>,
}

impl Authentication {
    /// Returns the caller, if it is known without waiting; the inner `None` is an unauthenticated
    /// call.
    fn recall(&self, request: &Request) -> Poll<Option<Caller>> {
        let Some(secret) = bearer(request) else {
            // INVARIANT: a call from outside never has this extension; see `peer_door`.
            return Poll::Ready(match request.extensions().get::<AtPeerDoor>() {
                Some(AtPeerDoor(peer)) => peer.map(Caller::Peer),
                None => self.anonymous.clone().map(Caller::Subject),
            });
        };
        let Some(tokens) = self.tokens_for(secret) else {
            let owner = self.credentials.recall(Credential::Secret(secret));
            return owner.map(|owner| owner.map(Caller::Subject));
        };
        let Some(verified) = ready!(tokens.recall(secret)) else {
            return Poll::Ready(None);
        };
        let owner = ready!(
            self.credentials
                .recall(Credential::Oidc(&verified.identity))
        );
        Poll::Ready(owner.map(|owner| Caller::Subject(owner.until(verified.expire))))
    }

    /// Looks up the owner of a credential.
    async fn owner(&self, secret: &str) -> Result<Option<Caller>, Fault> {
        let Some(tokens) = self.tokens_for(secret) else {
            let owner = self.credentials.authenticate(Credential::Secret(secret));
            let owner = owner.await.map_err(Fault::unavailable)?;
            return Ok(owner.map(Caller::Subject));
        };
        let verified = tokens.verify(secret).await.map_err(Fault::unavailable)?;
        let Some(verified) = verified else {
            return Ok(None);
        };
        let credential = Credential::Oidc(&verified.identity);
        let owner = self.credentials.authenticate(credential).await;
        let owner = owner.map_err(Fault::unavailable)?;
        Ok(owner.map(|owner| Caller::Subject(owner.until(verified.expire))))
    }

    /// Returns the token verifier for a secret, if its form is not that of a key.
    fn tokens_for(&self, secret: &str) -> Option<&Tokens> {
        let tokens = self.tokens.as_deref()?;
        (!is_key(secret)).then_some(tokens)
    }
}

/// Refuses unauthenticated calls, and stores the [`Caller`] of every other call.
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
    /// Shared, because the stack is cloned for each call.
    authentication: Arc<Authentication>,
    inner: S,
}

impl<S> Service<Request> for Authenticate<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if is_public(request.uri().path()) {
            return self.inner.call(request).left_future();
        }
        match self.authentication.recall(&request) {
            Poll::Ready(Some(caller)) => {
                note(&mut request, caller);
                return self.inner.call(request).left_future();
            }
            Poll::Ready(None) => return ready(Ok(nobody())).boxed().right_future(),
            Poll::Pending => {}
        }
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let authentication = self.authentication.clone();
        let looked_up = async move {
            let secret = bearer(&request).unwrap_or_default();
            match authentication.owner(secret).await {
                Ok(Some(caller)) => {
                    note(&mut request, caller);
                    inner.call(request).await
                }
                Ok(None) => Ok(nobody()),
                Err(fault) => Ok(Status::from(fault).into_http()),
            }
        };
        looked_up.boxed().right_future()
    }
}

/// Stores the caller, and removes the credential, which goes no further than this layer.
fn note(request: &mut Request, caller: Caller) {
    request.headers_mut().remove(AUTHORIZATION);
    if let Some(call) = request.extensions_mut().get_mut::<Call>() {
        call.caller = Some(caller);
    }
}

fn nobody() -> Response {
    Status::from(Fault::unauthenticated()).into_http()
}

pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
