//! Converts the errors of the inner layers, which shed load, to responses.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::Map};
use tonic::Status;
use tower::{BoxError, Layer, Service, load_shed::error::Overloaded};

use super::{Request, Response};
use crate::fault::Fault;

/// The layer above those that may fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefuseLayer;

impl<S> Layer<S> for RefuseLayer {
    type Service = Refuse<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Refuse(inner)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Refuse<S>(S);

impl<S> Service<Request> for Refuse<S>
where
    S: Service<Request, Response = Response, Error = BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Map<S::Future, fn(Result<Response, BoxError>) -> Result<Response, Infallible>>;

    /// Always ready: the inner layer sheds the excess load.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.0.poll_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.call(request).map(|answered| {
            Ok(answered.unwrap_or_else(|error| Status::from(fault(error)).into_http()))
        })
    }
}

fn fault(error: BoxError) -> Fault {
    if error.is::<Overloaded>() {
        Fault::overloaded()
    } else {
        Fault::internal(error)
    }
}
