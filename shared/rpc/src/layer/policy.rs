//! Refuses callers of the wrong kind for a method.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use api::Access;
use authz::Caller;
use futures_util::{
    FutureExt,
    future::{Either, Ready, ready},
};
use tonic::Status;
use tower::{Layer, Service};

use super::{Request, Response, call::Call, is_public};
use crate::fault::Fault;

/// Admits calls by the policy of their method. A method without a policy cannot be called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolicyLayer;

impl<S> Layer<S> for PolicyLayer {
    type Service = Policy<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Policy(inner)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Policy<S>(S);

impl<S> Service<Request> for Policy<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !is_public(request.uri().path())
            && let Err(fault) = admit(&request)
        {
            return ready(Ok(Status::from(fault).into_http())).right_future();
        }
        self.0.call(request).left_future()
    }
}

/// Checks that a caller of this kind may call the method at all.
fn admit(request: &Request) -> Result<(), Fault> {
    let call = request.extensions().get::<Call>();
    let call = call.ok_or_else(Fault::unauthenticated)?;
    let caller = call.caller.as_ref().ok_or_else(Fault::unauthenticated)?;
    let policy = call.policy.ok_or_else(Fault::denied)?;
    match (caller, policy.access) {
        (Caller::Subject(_), Access::Permission(_)) => Ok(()),
        (Caller::Peer(peer), Access::Peer(peers)) if peers.contains(peer) => Ok(()),
        _ => Err(Fault::denied()),
    }
}
