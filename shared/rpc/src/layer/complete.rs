//! Runs calls that change something to their end, also where nobody waits for their answers any
//! more: a transaction that is cut off amid a statement costs its connection, and whoever waits for
//! the rows that it holds.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use api::AuditKind;
use futures_util::{FutureExt, future::Either};
use tokio::{
    task::JoinHandle,
    time::{error::Elapsed, timeout},
};
use tonic::Status;
use tower::{Layer, Service};
use tracing::Instrument;

use super::{Request, Response, call::Call};
use crate::fault::Fault;

type Answer = Result<Response, Infallible>;

/// Completes calls that take no longer than `longest`. Those who call may give up before: their
/// deadline is another layer's. What bounds the calls of a caller stands within.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompleteLayer {
    pub(crate) longest: Duration,
}

impl<S> Layer<S> for CompleteLayer {
    type Service = Complete<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Complete {
            longest: self.longest,
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Complete<S> {
    longest: Duration,
    inner: S,
}

impl<S> Service<Request> for Complete<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Running>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !changes(&request) {
            return Either::Left(self.inner.call(request));
        }
        let call = timeout(self.longest, self.inner.call(request)).map(in_time);
        Either::Right(Running(tokio::spawn(call.in_current_span())))
    }
}

fn in_time(answered: Result<Answer, Elapsed>) -> Answer {
    answered.unwrap_or_else(|_| Ok(Status::from(Fault::deadline()).into_http()))
}

fn changes(request: &Request) -> bool {
    let policy = request
        .extensions()
        .get::<Call>()
        .and_then(|call| call.policy);
    policy.is_some_and(|policy| matches!(policy.audit, AuditKind::Write | AuditKind::Access))
}

/// A call that runs in a task of its own.
pub(crate) struct Running(JoinHandle<Answer>);

impl Future for Running {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(answer) => answer,
            // A layer above answers for it.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Ok(Status::from(Fault::unavailable(error)).into_http()),
        })
    }
}
