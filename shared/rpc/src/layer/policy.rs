//! Looks up what the method demands, and refuses callers that it is not for.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Instant,
};

use api::{Access, METHODS, MethodPolicy};
use authority::Caller;
use tonic::Status;
use tower::{Layer, Service};
use tower_http::request_id::RequestId;

use super::{BoxFuture, Request, Response, deadline::Deadline, is_public};
use crate::fault::Fault;

/// Puts the [`authority::Context`] into the extensions of a call. A method without a policy
/// cannot be called.
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
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if !is_public(request.uri().path()) {
            match context(&request) {
                Ok(context) => {
                    request.extensions_mut().insert(context);
                }
                Err(fault) => {
                    let response = Status::from(fault).into_http();
                    return Box::pin(std::future::ready(Ok(response)));
                }
            }
        }
        Box::pin(self.0.call(request))
    }
}

fn context(request: &Request) -> Result<authority::Context, Fault> {
    let extensions = request.extensions();
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(Fault::unauthenticated)?;
    let policy = policy_of(request.uri().path()).ok_or_else(Fault::denied)?;
    if (*caller == Caller::Peer) != (policy.access == Access::Peer) {
        return Err(Fault::denied());
    }
    Ok(authority::Context {
        caller: caller.clone(),
        policy,
        request_id: extensions
            .get::<RequestId>()
            .and_then(|id| id.header_value().to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        deadline: extensions
            .get::<Deadline>()
            .map_or_else(Instant::now, |deadline| deadline.0),
    })
}

/// The policy of a method by its path.
pub(crate) fn policy_of(path: &str) -> Option<&'static MethodPolicy> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path));
    METHODS.get(index.ok()?)
}
