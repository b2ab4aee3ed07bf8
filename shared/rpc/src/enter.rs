//! From a `tonic` request to a use case and back, alike for every method.

use authority::Context;
use tonic::{Request, Status};

use crate::{fault::Fault, layer::call::Call};

/// Takes a request apart into what the stack knows of the call and the message.
///
/// # Errors
/// INTERNAL if the handler runs without the stack: it has then not been authorized.
pub fn enter<Q>(request: Request<Q>) -> Result<(Context, Q), Status> {
    let (_, mut extensions, message) = request.into_parts();
    let context = extensions.remove::<Call>().and_then(|call| {
        Some(Context {
            caller: call.caller?,
            policy: call.policy?,
            request_id: call.id,
            deadline: call.deadline,
        })
    });
    match context {
        Some(context) => Ok((context, message)),
        None => Err(Fault::internal("a handler was called without the stack").into()),
    }
}

/// The status of a failed use case.
pub fn refuse(error: impl Into<Fault>) -> Status {
    error.into().into()
}

/// Implements a generated server trait for `$edge`, a tuple struct of the application: each
/// method runs the use case of its name in `$app`,
/// `method(&App, &Context, Request) -> Result<Response, impl Into<Fault>>`. What is no unary method
/// stands in `besides`.
#[macro_export]
macro_rules! methods {
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
                $app::$method(&self.0, &context, message)
                    .await
                    .map(tonic::Response::new)
                    .map_err($crate::refuse)
            })*
            $($($besides)*)?
        }
    };
}
