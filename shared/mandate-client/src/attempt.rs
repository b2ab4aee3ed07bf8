//! One try at one backend, on its stream or by a unary call.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use api::{
    common::v1::{self, consistency::Requirement},
    entitlement::v1::{CheckRequest, authorization_service_client::AuthorizationServiceClient},
};
use tokio::time::{Sleep, sleep_until, timeout_at};
use tonic::{Request, Status, metadata::AsciiMetadataValue};

use crate::{
    backend::Backend,
    decision::Decision,
    failure::Failure,
    lane::{Outcome, Ticket, nothing},
    question::{Consistency, Question},
    slots::{Event, Wait},
};

/// Resolution of the timers.
const TICK: Duration = Duration::from_millis(2);

/// A try in progress. Dropping it cancels it.
pub(crate) enum Attempt {
    Stream(Ticket),
    Unary {
        call: Pin<Box<dyn Future<Output = Outcome> + Send>>,
        slow: Option<Pin<Box<Sleep>>>,
    },
}

impl Attempt {
    /// Starts a try at one backend.
    ///
    /// # Errors
    /// The question cannot be sent.
    pub(crate) fn begin(
        backend: &Arc<Backend>,
        question: &Question,
        consistency: &Consistency,
        wait: Wait,
    ) -> Result<Self, Failure> {
        if backend.is_unary() {
            return Ok(Self::unary(backend, question, consistency, wait));
        }
        backend
            .lane
            .ask(question, consistency, wait)
            .map(Self::Stream)
    }

    fn unary(
        backend: &Arc<Backend>,
        question: &Question,
        consistency: &Consistency,
        wait: Wait,
    ) -> Self {
        let request = CheckRequest {
            subject: question.subject.clone(),
            permission: question.permission.clone(),
            resource: question.resource.clone(),
            consistency: demand(consistency),
            read_time: None,
            context: question.context.message(),
        };
        let backend = backend.clone();
        let call = Box::pin(async move {
            let asked = call(
                &backend,
                request,
                wait.deadline,
                async |mut client, request| client.check(request).await,
            );
            let decision = asked.await?.decision;
            decision.and_then(Decision::new).ok_or_else(nothing)
        });
        let slow = wait.slow.map(|slow| Box::pin(sleep_until(slow.into())));
        Self::Unary { call, slow }
    }

    /// Returns the outcome, or that the try is slow.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event<Outcome>> {
        match self {
            Self::Stream(ticket) => ticket.poll(context),
            Self::Unary { call, slow } => {
                if let Poll::Ready(outcome) = call.as_mut().poll(context) {
                    return Poll::Ready(Event::Done(outcome));
                }
                let timer = slow.as_mut().map(|timer| timer.as_mut().poll(context));
                if timer.is_some_and(|timer| timer.is_ready()) {
                    *slow = None;
                    return Poll::Ready(Event::Slow);
                }
                Poll::Pending
            }
        }
    }
}

/// A generated client over a plain channel.
pub(crate) type Plain = AuthorizationServiceClient<tonic::transport::Channel>;

/// Makes a unary call to a backend, within its deadline.
pub(crate) async fn call<Q, R, F>(
    backend: &Backend,
    message: Q,
    deadline: Instant,
    method: impl FnOnce(Plain, Request<Q>) -> F,
) -> Result<R, Failure>
where
    F: Future<Output = Result<tonic::Response<R>, Status>>,
{
    struct Entered<'a>(&'a Backend);
    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            self.0.lane.load.leave();
        }
    }
    backend.lane.load.enter();
    let _entered = Entered(backend);
    let mut request = Request::new(message);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    authorize(&mut request, backend.key.as_ref());
    let client = AuthorizationServiceClient::new(backend.channel.clone());
    match timeout_at(deadline.into(), method(client, request)).await {
        Ok(Ok(response)) => {
            backend.lane.health.succeeded();
            Ok(response.into_inner())
        }
        // The transport enforces the deadline as well, and reports it as if the connection were
        // lost.
        Ok(Err(status)) if status.source().is_some() && Instant::now() + TICK >= deadline => {
            Err(Failure::Late)
        }
        Ok(Err(status)) => {
            let failure = Failure::of_call(status);
            if matches!(failure, Failure::Broken(_)) {
                backend.lane.health.failed(Instant::now());
            }
            Err(failure)
        }
        Err(_) => Err(Failure::Late),
    }
}

fn authorize<Q>(request: &mut Request<Q>, key: Option<&AsciiMetadataValue>) {
    if let Some(key) = key {
        request.metadata_mut().insert("authorization", key.clone());
    }
}

/// Converts a consistency requirement to protobuf.
pub(crate) fn demand(consistency: &Consistency) -> Option<v1::Consistency> {
    let requirement = match consistency {
        Consistency::MinimizeLatency => return None,
        Consistency::AtLeastAsFresh(token) => Requirement::AtLeastAsFresh(token.clone()),
        Consistency::FullyConsistent => Requirement::FullyConsistent(true),
    };
    Some(v1::Consistency {
        requirement: Some(requirement),
    })
}
