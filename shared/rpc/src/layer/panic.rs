//! Answers a panic of a handler with INTERNAL; the connection and the process continue.

use std::{
    any::Any,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use futures_util::{
    FutureExt,
    future::{CatchUnwind, Either, Map, Ready, ready},
};
use tonic::Status;
use tower::{Layer, Service};

use super::{Request, Response};
use crate::fault::Fault;

/// Catches panics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = Catch<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Catch(inner)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Catch<S>(S);

type Answer = Result<Response, Infallible>;
type Panic = Box<dyn Any + Send>;

impl<S> Service<Request> for Catch<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<
        Map<CatchUnwind<AssertUnwindSafe<S::Future>>, fn(Result<Answer, Panic>) -> Answer>,
        Ready<Answer>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // A handler that answers immediately panics before there is a future.
        match catch_unwind(AssertUnwindSafe(|| self.0.call(request))) {
            Ok(call) => AssertUnwindSafe(call)
                .catch_unwind()
                .map(answer as fn(_) -> _)
                .left_future(),
            Err(panic) => ready(answer(Err(panic))).right_future(),
        }
    }
}

fn answer(caught: Result<Answer, Panic>) -> Answer {
    let panic = match caught {
        Ok(answered) => return answered,
        Err(panic) => panic,
    };
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    let fault = Fault::internal(format!("a handler panicked: {text}"));
    Ok(Status::from(fault).into_http())
}
