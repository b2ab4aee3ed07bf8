//! An RPC that does nothing, served as by generated code. No check can cost less.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use prost::bytes::Bytes;
use rpc::GrpcService;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxFuture, Service},
    server::{Grpc, NamedService, UnaryService},
    service::Routes,
};

use benches::Raw;

/// The path of the method.
pub(crate) const PATH: &str = "/bench.Empty/Call";

/// Returns the service without any layer.
pub(crate) fn service() -> GrpcService {
    GrpcService::new(Routes::new(Empty))
}

#[derive(Debug, Clone)]
struct Empty;

impl NamedService for Empty {
    const NAME: &'static str = "bench.Empty";
}

impl Service<http::Request<Body>> for Empty {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(Raw).unary(Call, request).await) })
    }
}

struct Call;

impl UnaryService<Bytes> for Call {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(Bytes::new())))
    }
}
