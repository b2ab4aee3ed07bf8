//! A TCP proxy that a test controls, to simulate network faults for one process.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

use super::sniff::Sniff;

/// A fault of all connections, both present and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Pass,
    /// Nothing passes, and no error is reported. Delayed data arrives once the fault ends.
    Stall,
    /// Connections are closed, both present and new.
    Refuse,
    /// A connection is closed once it has carried this many bytes in one direction, even in the
    /// middle of a command.
    CutAfter(u64),
    /// All data is delayed by this time.
    Delay(Duration),
    /// Connections that listen for notifications are closed; all others work.
    Deaf,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections with a lower number are closed.
    closed_before: u64,
    /// Connections with a lower number carry no data, and no error is reported.
    dead_before: u64,
}

/// A proxy to a port of this machine. The proxy and its connections close when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// The port on 127.0.0.1 on which the proxy listens.
    pub port: u16,
    target: Arc<AtomicU16>,
    next: Arc<AtomicU64>,
    state: Arc<watch::Sender<State>>,
    task: AbortHandle,
}

impl Proxy {
    /// Starts to listen on a free port.
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (target, next) = (
            Arc::new(AtomicU16::new(target)),
            Arc::<AtomicU64>::default(),
        );
        let state = Arc::new(watch::Sender::new(State {
            mode: Mode::Pass,
            closed_before: 0,
            dead_before: 0,
        }));
        let (to, number, states) = (target.clone(), next.clone(), state.clone());
        let task = tokio::spawn(async move {
            // Dropping the set closes the connections together with the proxy.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let state = states.subscribe();
                connections.spawn(carry(client, to.load(Ordering::Relaxed), number, state));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            port,
            target,
            next,
            state,
            task: task.abort_handle(),
        }
    }

    /// Applies a mode to all connections from now on.
    pub fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Closes the present connections.
    pub fn close(&self) {
        let next = self.next.load(Ordering::Relaxed);
        self.state.send_modify(|state| state.closed_before = next);
    }

    /// Silently drops the state of the present connections, as a restarted router does: they stay
    /// open but carry no data. New connections work.
    pub fn forget(&self) {
        let next = self.next.load(Ordering::Relaxed);
        self.state.send_modify(|state| state.dead_before = next);
    }

    /// Directs new connections to another port.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, target: u16, number: u64, state: watch::Receiver<State>) {
    if state.borrow().mode == Mode::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else {
        return;
    };
    // Buffering in the proxy would hide the timing of the peers.
    client.set_nodelay(true).expect("a socket");
    server.set_nodelay(true).expect("a socket");
    let listens = Arc::new(AtomicBool::new(false));
    let way = || Way {
        number,
        state: state.clone(),
        sniff: Sniff::new(listens.clone()),
    };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        _ = way().pump(from_client, to_server) => {}
        _ = way().pump(from_server, to_client) => {}
    }
}

/// One direction of a connection.
struct Way {
    number: u64,
    state: watch::Receiver<State>,
    sniff: Sniff,
}

impl Way {
    async fn pump(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let (mut buffer, mut carried) = (vec![0; 64 << 10], 0);
        let mut closing = self.state.clone();
        let (number, listens) = (self.number, self.sniff.listens.clone());
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read?,
                _ = closing.wait_for(|state| is_closed(state, number, &listens)) => return Ok(()),
            };
            let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
                return Ok(());
            };
            self.sniff.see(piece);
            let mode = self.passing().await;
            match mode {
                _ if is_closed(&self.state.borrow(), number, &listens) => return Ok(()),
                Mode::Delay(by) => tokio::time::sleep(by).await,
                Mode::CutAfter(most) => {
                    let left =
                        usize::try_from(most.saturating_sub(carried)).expect("a small number");
                    if let Some(last) = piece.get(..left) {
                        return to.write_all(last).await;
                    }
                    carried += u64::try_from(read).expect("a small number");
                }
                _ => {}
            }
            to.write_all(piece).await?;
        }
    }

    /// Waits until data may pass. Returns the mode in effect.
    async fn passing(&mut self) -> Mode {
        let number = self.number;
        let passes = |state: &State| number >= state.dead_before && state.mode != Mode::Stall;
        match self.state.wait_for(passes).await {
            Ok(state) => state.mode,
            Err(_) => Mode::Refuse,
        }
    }
}

fn is_closed(state: &State, number: u64, listens: &AtomicBool) -> bool {
    let deaf = state.mode == Mode::Deaf && listens.load(Ordering::Relaxed);
    number < state.closed_before || state.mode == Mode::Refuse || deaf
}
