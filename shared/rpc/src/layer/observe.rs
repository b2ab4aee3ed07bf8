//! A span and a measurement for each call, after the OpenTelemetry conventions for RPC.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Instant,
};

use http::HeaderMap;
use opentelemetry::{KeyValue, global, metrics::Histogram, propagation::Extractor};
use tonic::Code;
use tower::{Layer, Service};
use tower_http::request_id::RequestId;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{BoxFuture, Request, Response, is_public, policy::policy_of};

/// Upper bounds of the duration's buckets in seconds: a hot answer takes a tenth of a
/// millisecond, which the default bounds cannot tell from a slow one.
const BOUNDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Measures and traces calls.
#[derive(Debug, Clone)]
pub(crate) struct ObserveLayer {
    duration: Histogram<f64>,
}

impl ObserveLayer {
    pub(crate) fn new() -> Self {
        let duration = global::meter("mandate")
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("How long calls took until their response began.")
            .with_boundaries(BOUNDS.to_vec())
            .build();
        Self { duration }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observe {
            duration: self.duration.clone(),
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Observe<S> {
    duration: Histogram<f64>,
    inner: S,
}

impl<S> Service<Request> for Observe<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let method = method_of(request.uri().path());
        let span = span(method, &request);
        let begin = Instant::now();
        let duration = self.duration.clone();
        let call = span.in_scope(|| self.inner.call(request));
        Box::pin(
            async move {
                let response = call.await?;
                let code = code_of(&response);
                // Not recorded as a field: the log would read its text of the span and write it
                // anew, which takes longer than a decision.
                Span::current().set_attribute("rpc.response.status_code", code);
                duration.record(
                    begin.elapsed().as_secs_f64(),
                    &[
                        KeyValue::new("rpc.system.name", "grpc"),
                        KeyValue::new("rpc.method", method),
                        KeyValue::new("rpc.response.status_code", code),
                    ],
                );
                Ok(response)
            }
            .instrument(span),
        )
    }
}

/// The full name of a method that exists: labels are bounded, whatever is asked for.
fn method_of(path: &str) -> &'static str {
    match policy_of(path) {
        Some(policy) => policy.path.trim_start_matches('/'),
        None if is_public(path) => "grpc",
        None => "_OTHER",
    }
}

fn span(method: &'static str, request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let span = tracing::info_span!(
        "rpc",
        otel.name = method,
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = method,
        request_id = id.and_then(|id| id.header_value().to_str().ok()),
    );
    if !span.is_disabled() && request.headers().contains_key("traceparent") {
        let parent = global::get_text_map_propagator(|propagator| {
            propagator.extract(&Headers(request.headers()))
        });
        // Fails only where no OpenTelemetry layer is installed, and then there is no trace.
        let _ = span.set_parent(parent);
    }
    span
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

/// The status of a response as the conventions spell it. That of a unary call which succeeded
/// is in its trailers; so no status in the headers is OK.
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
