//! The admin port: metrics and probes, for the inside of a cluster only.

use std::{future::Future, io, net::SocketAddr};

use axum::{Router, http::StatusCode, routing::get};
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::{net::TcpListener, sync::watch};

/// Serves `/metrics`, `/livez` and `/readyz` until `shutdown`.
///
/// # Errors
/// The address cannot be bound, or the socket fails.
pub async fn serve_admin(
    address: SocketAddr,
    registry: Registry,
    ready: watch::Receiver<bool>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(async move || readiness(*ready.borrow())))
        .route("/metrics", get(async move || metrics(&registry)));
    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
}

fn readiness(ready: bool) -> (StatusCode, &'static str) {
    if ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

fn metrics(registry: &Registry) -> Result<Vec<u8>, StatusCode> {
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&registry.gather(), &mut text)
        .map_err(|error| {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR
        })?;
    Ok(text)
}
