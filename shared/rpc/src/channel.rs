//! Channels to services, in this process or over TCP, of one type.

use std::{convert::Infallible, time::Duration};

use authz::Context;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{global, propagation::Injector};
use tonic::{
    Status,
    body::Body,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    layer::{Request, Response},
    service::GrpcService,
};

/// Maximum time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The channel type of generated clients. Its transport errors are statuses already.
pub type Channel = BoxCloneSyncService<Request, Response, Status>;

/// Returns a channel to a service in this process, through its whole stack.
pub fn in_process(service: GrpcService) -> Channel {
    BoxCloneSyncService::new(service.map_err(|never: Infallible| match never {}))
}

/// Returns a channel to the service at a URL. It connects at its first use, and again whenever the
/// connection is lost. `https` is verified against `ca`, the content of a PEM file.
///
/// # Errors
/// The URL or the certificate is malformed.
pub fn over_tcp(url: &str, ca: Option<&[u8]>) -> Result<Channel, tonic::transport::Error> {
    let mut endpoint = endpoint(url)?;
    if let Some(ca) = ca {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
        endpoint = endpoint.tls_config(tls)?;
    }
    let channel = endpoint.connect_lazy();
    Ok(BoxCloneSyncService::new(
        channel.map_err(|error| Status::from_error(error.into())),
    ))
}

fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_while_idle(true))
}

/// A channel to another service of the installation. It passes the trace on, but none of the
/// caller's credentials.
#[derive(Debug, Clone)]
pub struct PeerChannel(Channel);

impl PeerChannel {
    /// Wraps a channel.
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// Returns the channel for one call on behalf of the call of `context`: with its request id,
    /// and with its remaining time.
    pub fn for_call(&self, context: &Context) -> Channel {
        let left = context
            .deadline
            .saturating_duration_since(std::time::Instant::now());
        let timeout = format!("{}u", left.as_micros().min(99_999_999));
        self.with_headers([
            (
                HeaderName::from_static("x-request-id"),
                context.request_id.to_string(),
            ),
            (HeaderName::from_static("grpc-timeout"), timeout),
        ])
    }

    /// Returns the channel for calls that the service makes for itself.
    pub fn for_itself(&self) -> Channel {
        self.with_headers([])
    }

    fn with_headers<const N: usize>(&self, headers: [(HeaderName, String); N]) -> Channel {
        let channel = self
            .0
            .clone()
            .map_request(move |mut request: http::Request<Body>| {
                let map = request.headers_mut();
                for (name, value) in headers.clone() {
                    if let Ok(value) = HeaderValue::from_str(&value) {
                        map.insert(name, value);
                    }
                }
                global::get_text_map_propagator(|propagator| {
                    propagator.inject_context(&Span::current().context(), &mut Headers(map));
                });
                request
            });
        BoxCloneSyncService::new(channel)
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(key.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            self.0.insert(name, value);
        }
    }
}
