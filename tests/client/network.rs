//! Servers on ports, connections that a test cuts, and names that a test resolves.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mandate_client::{Builder, Client, Resolve, Resolving};
use rpc::{GrpcService, Listener, serve};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Maximum wait for an expected event, and the time between two looks.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until a condition holds.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// A service on a separate port, which ends when this is dropped.
pub struct Served {
    pub address: SocketAddr,
    stop: CancellationToken,
}

impl Served {
    pub async fn start(service: GrpcService) -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())
            .await
            .unwrap();
        let address = listener.address().unwrap();
        let stop = CancellationToken::new();
        let threads = NonZero::<usize>::MIN;
        tokio::spawn(serve(listener, service, None, threads, stop.clone()));
        Self { address, stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A proxy to a server, which can be cut and mended.
pub struct Wire {
    pub address: SocketAddr,
    to: SocketAddr,
    carrying: Option<JoinHandle<()>>,
    connections: Arc<AtomicUsize>,
}

impl Wire {
    pub async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        Self {
            address,
            to,
            carrying: Some(tokio::spawn(carry(listener, to, connections.clone()))),
            connections,
        }
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks every connection and refuses new ones, as if the server had been killed.
    pub async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            let ended = carrying.await;
            assert!(
                ended.is_err_and(|error| error.is_cancelled()),
                "a connection is still open"
            );
        }
    }

    /// Accepts connections at the same address again.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let connections = self.connections.clone();
        self.carrying = Some(tokio::spawn(carry(listener, self.to, connections)));
    }
}

async fn carry(listener: TcpListener, to: SocketAddr, count: Arc<AtomicUsize>) {
    // Dropping the set aborts the connections.
    let mut connections = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        count.fetch_add(1, Ordering::Relaxed);
        connections.spawn(async move {
            let Ok(mut there) = TcpStream::connect(to).await else {
                return;
            };
            here.set_nodelay(true).unwrap();
            there.set_nodelay(true).unwrap();
            // Either end may break a connection; that is the purpose of the proxy.
            let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
        });
    }
}

/// A name whose addresses a test changes.
#[derive(Clone, Default)]
pub struct Name(Arc<Mutex<Vec<SocketAddr>>>);

impl Name {
    pub fn of(addresses: &[SocketAddr]) -> Self {
        let name = Self::default();
        name.set(addresses);
        name
    }

    pub fn set(&self, addresses: &[SocketAddr]) {
        *self.0.lock().unwrap() = addresses.to_vec();
    }

    /// Returns a builder of a client for this name.
    pub fn client(&self) -> Builder {
        Client::builder("http://mandate.test:7700")
            .resolver(self.clone())
            .resolve_every(Duration::from_millis(5))
            .timeout(Duration::from_secs(10))
    }
}

impl Resolve for Name {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        assert_eq!((host, port), ("mandate.test", 7700));
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async move { Ok::<_, io::Error>(addresses) })
    }
}

/// Returns a builder of a client for one address.
pub fn client(url: impl Into<String>) -> Builder {
    Client::builder(url).timeout(Duration::from_secs(10))
}
