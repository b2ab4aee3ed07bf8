//! A name, a span and a measurement for each call, by the OpenTelemetry conventions for RPC.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use api::{AuditKind, MethodPolicy, policy_of};
use authz::RequestId;
use futures_util::future::Either;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{KeyValue, global, metrics::Histogram, propagation::Extractor};
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument, Span, instrument::Instrumented};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    Request, Response,
    call::{Call, Names, REQUEST_ID},
    is_public,
};
use crate::{limits::Limits, report::report};

/// Upper bounds of the duration's buckets in seconds: a hot answer takes a tenth of a millisecond,
/// which the default bounds cannot distinguish from a slow one.
const DURATION_BOUNDS_SECONDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Names, measures and traces calls.
#[derive(Debug, Clone)]
pub(crate) struct ObserveLayer(Arc<Observer>);

#[derive(Debug)]
struct Observer {
    names: Names,
    duration: Histogram<f64>,
    /// Traces one in this many of the checks that their callers do not trace; 0 traces none.
    every: u64,
    calls: AtomicU64,
}

impl ObserveLayer {
    pub(crate) fn new(limits: &Limits) -> Self {
        let duration = global::meter("mandate")
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Time from the arrival of a call to the start of its response.")
            .with_boundaries(DURATION_BOUNDS_SECONDS.to_vec())
            .build();
        Self(Arc::new(Observer {
            names: Names::new(),
            duration,
            every: limits.trace_one_in,
            calls: AtomicU64::new(0),
        }))
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observe {
            observer: self.0.clone(),
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Observe<S> {
    /// Shared, because the stack is cloned for each call.
    observer: Arc<Observer>,
    inner: S,
}

impl<S> Service<Request> for Observe<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Observed<S::Future>, Instrumented<Observed<S::Future>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let begin = Instant::now();
        let observer = self.observer.clone();
        let policy = policy_of(request.uri().path());
        let method = method_of(policy, &request);
        let id = observer.names.name(request.headers());
        let span = observer.span(policy, method, &id, &request);
        request.extensions_mut().insert(Call {
            policy,
            id: id.clone(),
            begin,
            deadline: begin,
            caller: None,
        });
        let observed = Observed {
            call: span.in_scope(|| self.inner.call(request)),
            ended: Some(Ended {
                observer,
                begin,
                method,
                id,
            }),
        };
        if span.is_none() {
            Either::Left(observed)
        } else {
            Either::Right(observed.instrument(span))
        }
    }
}

pin_project! {
    /// A call that is measured when it ends.
    pub(crate) struct Observed<F> {
        #[pin]
        call: F,
        ended: Option<Ended>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observed<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Poll::Ready(Ok(response)) = this.call.poll(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(Ok(match this.ended.take() {
            Some(ended) => ended.with(response),
            None => response,
        }))
    }
}

/// The data for the measurement of a finished call.
struct Ended {
    observer: Arc<Observer>,
    begin: Instant,
    method: &'static str,
    id: RequestId,
}

impl Ended {
    fn with(self, mut response: Response) -> Response {
        let Self { method, id, .. } = &self;
        let code = code_of(&response);
        // Return a name that the caller chose, and every name of a refused call, so that the caller
        // can ask about it.
        if code != "OK" || matches!(id, RequestId::Given(_)) {
            let value = HeaderValue::from_str(&id.to_string());
            response.headers_mut().extend(
                value
                    .ok()
                    .map(|value| (HeaderName::from_static(REQUEST_ID), value)),
            );
        }
        if matches!(code, "INTERNAL" | "UNAVAILABLE") {
            let given = response.extensions().get::<Status>().cloned();
            let status = given.or_else(|| Status::from_header_map(response.headers()));
            if let Some(status) = status {
                report(&status, method, &id.to_string());
            }
        }
        // Not recorded as a field: the log layer would parse and rewrite the text of the span,
        // which takes longer than a decision.
        Span::current().set_attribute("rpc.response.status_code", code);
        self.observer.duration.record(
            self.begin.elapsed().as_secs_f64(),
            &[
                KeyValue::new("rpc.system.name", "grpc"),
                KeyValue::new("rpc.method", *method),
                KeyValue::new("rpc.response.status_code", code),
            ],
        );
        response
    }
}

impl Observer {
    /// Returns the span of a call. A check has one if its caller traces it, or if it is sampled: a
    /// span costs more than a decision. Every other call has one.
    fn span(
        &self,
        policy: Option<&MethodPolicy>,
        method: &'static str,
        id: &RequestId,
        request: &Request,
    ) -> Span {
        let traced = request
            .headers()
            .get("traceparent")
            .is_some_and(is_recorded);
        let is_hot = policy.is_some_and(|policy| policy.audit == AuditKind::None);
        if is_hot && !traced && !self.is_sampled() {
            return Span::none();
        }
        let span = tracing::info_span!(
            "rpc",
            otel.name = method,
            otel.kind = "server",
            rpc.system.name = "grpc",
            rpc.method = method,
            request_id = %id,
        );
        if traced && !span.is_disabled() {
            let parent = global::get_text_map_propagator(|propagator| {
                propagator.extract(&Headers(request.headers()))
            });
            // Fails only if no OpenTelemetry layer is installed, and then there is no trace.
            let _ = span.set_parent(parent);
        }
        span
    }

    fn is_sampled(&self) -> bool {
        self.every != 0
            && self
                .calls
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(self.every)
    }
}

/// True if the parent is recorded: the last bit of a `traceparent`.
/// <https://www.w3.org/TR/trace-context/#sampled-flag>
fn is_recorded(parent: &HeaderValue) -> bool {
    let last = parent.as_bytes().last();
    last.is_some_and(|flags| b"13579bdf".contains(flags))
}

/// Returns the full name of an existing method: labels are bounded, whatever the path of the
/// request.
fn method_of(policy: Option<&'static MethodPolicy>, request: &Request) -> &'static str {
    match policy {
        Some(policy) => policy.path.trim_start_matches('/'),
        None if is_public(request.uri().path()) => "grpc",
        None => "_OTHER",
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// Returns the status of a response in the spelling of the conventions. The status of a successful
/// unary call is in its trailers, so a response without a status in its headers is OK.
fn code_of(response: &Response) -> &'static str {
    let status = response.headers().get("grpc-status");
    let code = status.map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()));
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
