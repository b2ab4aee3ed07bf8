//! Establishes who calls, from the credential of the call.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use authority::{Account, Caller, Undecided};
use base::OidcIdentity;
use futures_util::{
    FutureExt,
    future::{Either, ready},
};
use http::header::AUTHORIZATION;
use oidc::Tokens;
use tonic::Status;
use tower::{Layer, Service};

use super::{BoxFuture, Request, Response, call::Call, is_public};
use crate::{fault::Fault, peer_door::AtPeerDoor};

/// What a caller presents, as far as it can be told without knowing service accounts.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// Said to be the secret of a key.
    Secret(&'a str),
    /// Whom a verified token proves.
    Oidc(&'a OidcIdentity),
}

/// Knows the credentials of service accounts.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Whose credential this is, if that can be told without waiting.
    fn recall(&self, credential: Credential<'_>) -> Poll<Option<Arc<Account>>> {
        let _ = credential;
        Poll::Pending
    }

    /// Whose credential this is.
    ///
    /// # Errors
    /// [`Undecided`] when that cannot be looked up; the call is then refused.
    async fn authenticate(
        &self,
        credential: Credential<'_>,
    ) -> Result<Option<Arc<Account>>, Undecided>;
}

/// Whether a secret has the form of a service account's key.
fn is_key(secret: &str) -> bool {
    secret.starts_with("mk_")
}

/// How callers authenticate.
#[derive(Clone)]
pub struct Authentication {
    /// The credentials of service accounts.
    pub credentials: Arc<dyn Authenticator>,
    /// The tokens that are taken, if any are.
    pub tokens: Option<Arc<Tokens>>,
    /// Who presents no credential, where that is waived: for test rigs.
    pub anonymous: Option<Arc<Account>>,
}

impl Authentication {
    /// Who calls, if that can be told without waiting; inside, none if it is nobody.
    fn recall(&self, request: &Request) -> Poll<Option<Caller>> {
        let Some(secret) = bearer(request) else {
            // INVARIANT: nothing that comes from outside has this; see `peer_door`.
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

    /// The owner of a credential, which is looked up.
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

    /// The tokens that a secret may be one of, by its form.
    fn tokens_for(&self, secret: &str) -> Option<&Tokens> {
        let tokens = self.tokens.as_deref()?;
        (!is_key(secret)).then_some(tokens)
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

/// The credential goes no further than this.
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
