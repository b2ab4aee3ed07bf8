//! Listens, and serves stacks over TCP.

use std::{future::Future, io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::net::TcpListener;
use tonic::{
    body::Body,
    service::Routes,
    transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};
use tower::ServiceExt;

use crate::stack::GrpcService;

/// PEM files of a server's TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// If set, only clients with a certificate of this authority are let in.
    pub client_ca: Option<PathBuf>,
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Serves until `shutdown`, then lets the calls that have begun finish.
///
/// # Errors
/// The TLS files cannot be used, or the socket fails.
pub async fn serve(
    listener: Listener,
    service: GrpcService,
    tls: Option<TlsFiles>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut server = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_concurrent_streams(1000);
    if let Some(files) = tls {
        let certificate = tokio::fs::read(files.certificate).await?;
        let key = tokio::fs::read(files.key).await?;
        let mut tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        if let Some(ca) = files.client_ca {
            let ca = tokio::fs::read(ca).await?;
            tls = tls.client_ca_root(Certificate::from_pem(ca));
        }
        server = server.tls_config(tls)?;
    }
    let service = service.map_request(|request: http::Request<_>| request.map(Body::new));
    let routes = Routes::from(axum::Router::new().fallback_service(service));
    // Set here, since a server that is given its connections does not: without it, an answer of
    // more than one segment waits up to 40 ms for an acknowledgement.
    let connections = TcpIncoming::from(listener.0).with_nodelay(Some(true));
    server
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, shutdown)
        .await?;
    Ok(())
}
