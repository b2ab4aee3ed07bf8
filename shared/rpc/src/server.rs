//! Listens, and serves stacks over TCP.

use std::{io, net::SocketAddr, num::NonZero, path::PathBuf, thread, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::service::{GrpcService, grpc_only};

/// Maximum number of connections that wait for a thread.
const BACKLOG: usize = 64;
/// Time to wait when a connection cannot be accepted: descriptors may be free again by then.
const PAUSE: Duration = Duration::from_millis(50);
/// Maximum number of concurrent calls of a connection.
const STREAMS: u32 = 1000;
/// Maximum number of a connection's calls that were cancelled before the server saw them; with
/// more, the connection is closed. After a short stall, a server finds all pending calls cancelled
/// and new ones in their place: the default of 20 would treat that as an attack. Each costs some
/// hundred bytes, and no handler runs for it.
const CUT_OFF: usize = 10 * STREAMS as usize;

/// PEM files of a server's TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// If set, only clients with a certificate of this authority are accepted.
    pub client_ca: Option<PathBuf>,
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The error of the operating system.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// Returns the bound address.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Serves until `shutdown`, then lets calls in progress finish.
///
/// Connections are distributed in turn to `threads`, each with a separate runtime: a call then
/// never moves between cores, which gives about one and a half times the throughput of a
/// work-sharing runtime.
///
/// # Errors
/// The TLS files cannot be used, or a thread cannot be started.
pub async fn serve(
    listener: Listener,
    service: GrpcService,
    tls: Option<TlsFiles>,
    threads: NonZero<usize>,
    shutdown: CancellationToken,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (server, service) = (server(tls).await?, grpc_only(service));
    let mut workers = Vec::new();
    for number in 0..threads.get() {
        workers.push(Worker::start(
            number,
            server.clone(),
            service.clone(),
            shutdown.clone(),
        )?);
    }
    let mut turn = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.0.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted.and_then(|(connection, _)| prepare(connection)) {
            Ok(connection) => {
                turn = (turn + 1) % workers.len();
                if let Some(worker) = workers.get(turn)
                    && worker.connections.send(connection).await.is_err()
                {
                    return Err("a serving thread has ended".into());
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    for worker in workers {
        drop(worker.connections);
        worker.ended.await??;
    }
    Ok(())
}

async fn server(tls: Option<TlsFiles>) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
    let mut server = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_concurrent_streams(STREAMS)
        .http2_max_pending_accept_reset_streams(Some(CUT_OFF))
        // Accepted only to answer that HTTP/1 is not supported.
        .accept_http1(true);
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
    Ok(server)
}

/// Sets `TCP_NODELAY`: without it, an answer of more than one segment waits up to 40 ms for an
/// acknowledgement.
fn prepare(connection: TcpStream) -> io::Result<std::net::TcpStream> {
    connection.set_nodelay(true)?;
    connection.into_std()
}

/// A thread that serves connections.
struct Worker {
    connections: mpsc::Sender<std::net::TcpStream>,
    ended: oneshot::Receiver<Result<(), tonic::transport::Error>>,
}

impl Worker {
    fn start(
        number: usize,
        server: Server,
        service: GrpcService,
        shutdown: CancellationToken,
    ) -> io::Result<Self> {
        let (connections, receiver) = mpsc::channel(BACKLOG);
        let (tell, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let incoming = ReceiverStream::new(receiver).map(TcpStream::from_std);
        thread::Builder::new()
            .name(format!("serve-{number}"))
            .spawn(move || {
                let end = shutdown.cancelled();
                let served = server.serve_with_incoming_shutdown(service, incoming, end);
                // The receiver is gone if the process is being killed.
                let _ = tell.send(runtime.block_on(served));
            })?;
        Ok(Self { connections, ended })
    }
}
