//! The generator of load: connections with calls in flight, of requests encoded beforehand.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use api::entitlement::v1::Effect;
use hdrhistogram::Histogram;
use http::uri::PathAndQuery;
use prost::bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tonic::{
    Request,
    client::Grpc,
    metadata::AsciiMetadataValue,
    transport::{Channel, Endpoint},
};

use crate::{
    Result,
    codec::Raw,
    figures::{self, Figures},
    server::Server,
};

/// Connections, as a few backends hold them.
const CONNECTIONS: usize = 4;
/// One answer in so many is looked at.
const LOOK: usize = 1000;

/// A request, and the effects that its answer must have.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) body: Bytes,
    pub(crate) effects: Vec<Effect>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) path: &'static str,
    pub(crate) calls: Arc<[Call]>,
    /// The effects in an answer; none if it is malformed.
    pub(crate) read: fn(&Bytes) -> Option<Vec<Effect>>,
    /// How many items each call is about.
    pub(crate) items: u32,
    /// Calls in flight on each connection.
    pub(crate) in_flight: usize,
}

/// When to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After a time; the calls come round again.
    Elapsed(Duration),
    /// After each call was made once.
    Asked,
}

/// Asks, and measures.
///
/// # Errors
/// A call failed, or an answer was wrong: figures of wrong answers are worth nothing.
pub(crate) async fn run(
    workload: &Workload,
    address: SocketAddr,
    key: &SecretString,
    until: Until,
) -> Result<Figures> {
    let key: AsciiMetadataValue = format!("Bearer {}", key.expose_secret()).parse()?;
    let caller = Caller {
        workload: workload.clone(),
        path: PathAndQuery::from_static(workload.path),
        key,
        next: Arc::default(),
        until,
        begin: Instant::now(),
    };
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        connections.push(endpoint.connect().await?);
    }
    let (begin, cpu) = (Instant::now(), Server::cpu()?);
    let mut callers = Vec::new();
    for connection in &connections {
        for _ in 0..workload.in_flight {
            let caller = Caller {
                begin,
                ..caller.clone()
            };
            callers.push(tokio::spawn(caller.call(connection.clone())));
        }
    }
    let mut figures = Figures::new(workload.items)?;
    for caller in callers {
        figures.latency.add(caller.await??)?;
    }
    figures.elapsed = begin.elapsed();
    figures.cpu = Server::cpu()?.saturating_sub(cpu);
    Ok(figures)
}

#[derive(Debug, Clone)]
struct Caller {
    workload: Workload,
    path: PathAndQuery,
    key: AsciiMetadataValue,
    /// The number of the next call of all callers.
    next: Arc<AtomicUsize>,
    until: Until,
    begin: Instant,
}

impl Caller {
    async fn call(self, connection: Channel) -> Result<Histogram<u64>> {
        let mut latency = figures::histogram()?;
        let mut client = Grpc::new(connection);
        let count = self.workload.calls.len();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let begin = Instant::now();
            if self.is_over(number, begin) {
                return Ok(latency);
            }
            let Some(call) = self.workload.calls.get(number % count) else {
                return Ok(latency);
            };
            let mut request = Request::new(call.body.clone());
            let metadata = request.metadata_mut();
            metadata.insert("authorization", self.key.clone());
            client.ready().await?;
            let answer = client.unary(request, self.path.clone(), Raw).await?;
            latency.saturating_record(u64::try_from(begin.elapsed().as_micros())?);
            if number.is_multiple_of(LOOK) {
                self.look_at(answer.get_ref(), call)?;
            }
        }
    }

    fn is_over(&self, number: usize, now: Instant) -> bool {
        match self.until {
            Until::Elapsed(duration) => now.duration_since(self.begin) >= duration,
            Until::Asked => number >= self.workload.calls.len(),
        }
    }

    fn look_at(&self, answer: &Bytes, call: &Call) -> Result<()> {
        let found = (self.workload.read)(answer);
        if found.as_ref() == Some(&call.effects) {
            return Ok(());
        }
        Err(format!("an answer was {found:?} and not {:?}", call.effects).into())
    }
}
