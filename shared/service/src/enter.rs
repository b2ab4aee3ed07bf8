//! The path from a `tonic` request to a use case and back, the same for every method.

use authz::Context;
use rpc::{Fault, take_context};
use store::Store;
use tonic::{Request, Response, Status};

use crate::attempt::Attempt;

/// Splits a request into the call's context from the stack and the message.
///
/// # Errors
/// INTERNAL if the handler runs without the stack: the call is then not authorized.
pub fn enter<Q>(request: Request<Q>) -> Result<(Context, Q), Status> {
    let (_, mut extensions, message) = request.into_parts();
    match take_context(&mut extensions) {
        Some(context) => Ok((context, message)),
        None => Err(Fault::internal("a handler was called without the stack").into()),
    }
}

/// Returns the status of a failed use case.
pub fn refuse(error: impl Into<Fault>) -> Status {
    error.into().into()
}

/// Returns the response of a use case, after the audit log has recorded the call if required.
///
/// # Errors
/// The status of a failed use case.
pub async fn answer<R>(
    store: &Store,
    attempt: Option<Attempt>,
    answered: Result<R, impl Into<Fault>>,
) -> Result<Response<R>, Status> {
    let answered = answered.map_err(Into::into);
    if let Some(attempt) = attempt {
        attempt.conclude(store, answered.as_ref().err()).await;
    }
    Ok(Response::new(answered?))
}

/// Implements a generated server trait for `$edge`, a tuple struct of the application: each method
/// runs the use case of its name in `$app`,
/// `method(&App, &Context, Request) -> Result<Response, impl Into<Fault>>`, where `App` has a
/// `store` that records refusals and reads. Methods that are not unary stand in `besides`. A
/// function that wraps the use cases is named by `through`, and gets each use case as an argument.
#[macro_export]
macro_rules! methods {
    (
        $service:path, for $edge:ty, with $app:ident, through $through:path
        : $($method:ident($request:ty) -> $response:ty;)*
    ) => {
        #[tonic::async_trait]
        impl $service for $edge {
            $(async fn $method(
                &self,
                request: tonic::Request<$request>,
            ) -> Result<tonic::Response<$response>, tonic::Status> {
                let (context, message) = $crate::enter(request)?;
                let attempt = $crate::Attempt::of(&context, &message);
                let answered = $through(&self.0, &context, message, |app, context, message| {
                    Box::pin($app::$method(app, context, message))
                });
                $crate::answer(&self.0.store, attempt, answered.await).await
            })*
        }
    };
    (
        $service:path, for $edge:ty, with $app:ident
        $(, besides { $($besides:tt)* })?
        : $($method:ident($request:ty) -> $response:ty;)*
    ) => {
        #[tonic::async_trait]
        impl $service for $edge {
            $(async fn $method(
                &self,
                request: tonic::Request<$request>,
            ) -> Result<tonic::Response<$response>, tonic::Status> {
                let (context, message) = $crate::enter(request)?;
                let attempt = $crate::Attempt::of(&context, &message);
                let answered = $app::$method(&self.0, &context, message).await;
                $crate::answer(&self.0.store, attempt, answered).await
            })*
            $($($besides)*)?
        }
    };
}
