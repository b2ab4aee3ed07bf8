//! The layers of the stack, one a file.

pub(crate) mod authenticate;
pub(crate) mod call;
pub(crate) mod complete;
pub(crate) mod deadline;
pub(crate) mod fair;
pub(crate) mod metered;
pub(crate) mod observe;
pub(crate) mod panic;
pub(crate) mod policy;
pub(crate) mod refuse;
pub(crate) mod unread;

use std::{future::Future, pin::Pin};

use tonic::body::Body;

pub(crate) type Request = http::Request<Body>;
pub(crate) type Response = http::Response<Body>;
pub(crate) type BoxFuture<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

/// True for methods that reveal nothing of any tenant, for tools and probes without a credential.
pub(crate) fn is_public(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/") || path.starts_with("/grpc.reflection.")
}
