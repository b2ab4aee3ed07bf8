//! Callable services: one service, or the generated servers of several.

use std::{
    convert::Infallible,
    fmt,
    future::ready,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, StatusCode, Version, header::CONTENT_TYPE};
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service},
    server::NamedService,
};
use tower::ServiceExt;

use crate::layer::{Request, Response};

/// A service that is called by reference. A boxed service would clone all of its content for each
/// call; this only increments a reference count.
#[derive(Clone)]
pub struct GrpcService(Arc<Answer>);

type Answer = dyn Fn(Request) -> BoxFuture<Response, Infallible> + Send + Sync;

impl GrpcService {
    /// Wraps a service; each call uses a clone, once that is ready.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request, Response = Response, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        Self::of(move |request| Box::pin(service.clone().oneshot(request)))
    }

    /// Wraps a function.
    pub(crate) fn of(
        answer: impl Fn(Request) -> BoxFuture<Response, Infallible> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    /// Answers a call.
    pub(crate) fn answer(&self, request: Request) -> BoxFuture<Response, Infallible> {
        (self.0)(request)
    }
}

/// Answers gRPC requests only; any other request gets an explanation in HTTP.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>
pub(crate) fn grpc_only(service: GrpcService) -> GrpcService {
    GrpcService::of(move |request| match no_grpc(&request) {
        Some((status, text)) => {
            let mut response = Response::new(Body::new(text.to_owned()));
            *response.status_mut() = status;
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, plain);
            Box::pin(ready(Ok(response)))
        }
        None => service.answer(request),
    })
}

fn no_grpc(request: &Request) -> Option<(StatusCode, &'static str)> {
    if request.version() < Version::HTTP_2 {
        let text = "this port speaks gRPC, which needs HTTP/2\n";
        return Some((StatusCode::HTTP_VERSION_NOT_SUPPORTED, text));
    }
    let kind = request.headers().get(CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        return None;
    }
    let text = "this port speaks gRPC: `content-type: application/grpc`\n";
    Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

impl fmt::Debug for GrpcService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrpcService")
    }
}

impl Service<Request> for GrpcService {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.answer(request)
    }
}

/// Generated servers, each for the methods of its protobuf service.
#[derive(Debug, Clone, Default)]
pub struct Routes(Arc<Vec<(&'static str, GrpcService)>>);

impl Routes {
    /// Adds a generated server. It is always ready, and its futures are boxed already.
    #[must_use]
    pub fn add_service<S>(mut self, server: S) -> Self
    where
        S: Service<
                Request,
                Response = Response,
                Error = Infallible,
                Future = BoxFuture<Response, Infallible>,
            >,
        S: NamedService + Clone + Send + Sync + 'static,
    {
        let answer = GrpcService::of(move |request| server.clone().call(request));
        Arc::make_mut(&mut self.0).push((S::NAME, answer));
        self
    }
}

impl Service<Request> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let path = request.uri().path();
        let found = self.0.iter().find(|(name, _)| {
            let rest = path
                .strip_prefix('/')
                .and_then(|path| path.strip_prefix(name));
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
        match found {
            Some((_, server)) => server.answer(request),
            None => Box::pin(ready(Ok(Status::unimplemented("").into_http()))),
        }
    }
}
