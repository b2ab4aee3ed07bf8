//! The tower stack, as a list.

use std::{convert::Infallible, time::Duration};

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
    service::GrpcService,
};

/// What bounds the calls of a service.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls at a time; more are refused with `RESOURCE_EXHAUSTED`.
    pub concurrency: usize,
    /// Calls of one caller at a time, streams among them; more are refused with
    /// `RESOURCE_EXHAUSTED`.
    pub calls_per_caller: usize,
    /// The longest that a call may take, whatever its caller would wait.
    pub deadline: Duration,
    /// One in so many checks is traced that their callers do not trace; none if 0.
    pub trace_one_in: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 10_000,
            calls_per_caller: 1_000,
            deadline: Duration::from_secs(30),
            trace_one_in: 0,
        }
    }
}

/// Puts the stack around the methods of a service.
///
/// No layer boxes the future of a call that is answered at once: what each would add is more than
/// what a hot decision costs.
pub fn stack<S>(routes: S, authentication: Authentication, limits: Limits) -> GrpcService
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let service = ServiceBuilder::new()
        // A name, a span and a measurement, also of what is refused below.
        .layer(ObserveLayer::new(&limits))
        // A panic is one answer, not the end of the connection.
        .layer(PanicLayer)
        // The layers below fail with errors; the ones above see answers only.
        .layer(RefuseLayer)
        // Refuses at once what the limit below would make wait.
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(limits.concurrency))
        // From here on time counts.
        .layer(DeadlineLayer {
            longest: limits.deadline,
        })
        // Who calls …
        .layer(AuthenticateLayer::new(authentication))
        // … and what the method demands of them. The handler asks whether they may.
        .layer(PolicyLayer)
        // No more at a time than the share of a caller, by how much work the method is. What
        // changes something goes on where its caller does not wait.
        .layer(FairLayer::new(limits.calls_per_caller, limits.deadline))
        // What cannot be read is refused as what is wrong in it would be.
        .map_response(unread::refuse)
        .service(routes);
    GrpcService::new(service)
}
