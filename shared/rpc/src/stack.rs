//! The tower stack, as a list.

use std::convert::Infallible;

use tower::{
    Service, ServiceBuilder, limit::GlobalConcurrencyLimitLayer, load_shed::LoadShedLayer,
};

use crate::{
    layer::{
        Request, Response,
        authenticate::{AuthenticateLayer, Authentication},
        deadline::DeadlineLayer,
        fair::FairLayer,
        observe::ObserveLayer,
        panic::PanicLayer,
        policy::PolicyLayer,
        refuse::RefuseLayer,
        unread,
    },
    limits::Limits,
    service::GrpcService,
};

/// Puts the stack around the methods of a service.
///
/// No layer boxes the future of a call that is answered immediately: each box would cost more than
/// a hot decision.
pub fn stack<S>(routes: S, authentication: Authentication, limits: Limits) -> GrpcService
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let service = ServiceBuilder::new()
        // A name, a span and a measurement, also for calls that the layers below refuse.
        .layer(ObserveLayer::new(&limits))
        // A panic fails one call, and does not end the connection.
        .layer(PanicLayer)
        // The layers below fail with errors; the ones above see responses only.
        .layer(RefuseLayer)
        // Refuses calls immediately that the limit below would delay.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(limits.concurrency))
        // The deadline counts from here on.
        .layer(DeadlineLayer {
            longest: limits.deadline,
        })
        // Establishes the caller …
        .layer(AuthenticateLayer::new(authentication))
        // … and checks the kind of caller that the method accepts. The handler checks the
        // permission.
        .layer(PolicyLayer)
        // Limits each caller to its quota, by the amount of work of the method. Runs changes to
        // their end even if their callers stop waiting.
        .layer(FairLayer::new(limits.calls_per_caller, limits.deadline))
        // Refuses requests that cannot be decoded like other invalid requests.
        .map_response(unread::refuse)
        .service(routes);
    GrpcService::new(service)
}
