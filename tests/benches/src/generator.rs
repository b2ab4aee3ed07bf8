//! The load generator: connections with concurrent calls, whose requests are encoded beforehand.

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
use prost::{Message, bytes::Bytes};
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
};

/// Number of connections, as a few backends would hold.
const CONNECTIONS: usize = 4;
/// Maximum size of an answer, in bytes.
const MESSAGE: usize = 64 << 20;

/// A request, and the effects that its answer must have.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request.
    pub body: Bytes,
    /// The effects that the answer must have.
    pub effects: Vec<Effect>,
}

/// The calls that a measurement makes.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The method, `/{service}/{method}`.
    pub path: &'static str,
    /// The calls, in the order in which they are sent.
    pub calls: Arc<[Call]>,
    /// Decodes the effects of an answer; `None` if it is malformed.
    pub read: fn(&Bytes) -> Option<Vec<Effect>>,
    /// Number of items in each call.
    pub items: u32,
    /// Concurrent calls on each connection.
    pub in_flight: usize,
    /// Interval of verification: one answer in this many is compared with the right one.
    pub look: usize,
}

/// Reads the CPU time that a server has taken since it started.
pub type Cpu = Arc<dyn Fn() -> Result<Duration> + Send + Sync>;

/// The measured server.
#[derive(Clone)]
pub struct Target {
    /// The address of the server, without TLS.
    pub address: SocketAddr,
    /// The credentials of the caller.
    pub authorization: Option<AsciiMetadataValue>,
    /// Reads the CPU time of the server.
    pub cpu: Cpu,
}

impl Target {
    /// Creates the target for a server that authenticates callers by a key.
    ///
    /// # Errors
    /// The key has characters that a header cannot carry.
    pub fn with_key(address: SocketAddr, key: &SecretString, cpu: Cpu) -> Result<Self> {
        let authorization = format!("Bearer {}", key.expose_secret()).parse()?;
        Ok(Self {
            address,
            authorization: Some(authorization),
            cpu,
        })
    }

    /// Opens a new connection.
    ///
    /// # Errors
    /// The server does not listen.
    pub async fn connect(&self) -> Result<Channel> {
        let url = format!("http://{}", self.address);
        let endpoint = Endpoint::from_shared(url)?.tcp_nodelay(true);
        Ok(endpoint.connect().await?)
    }

    /// Calls a method once.
    ///
    /// # Errors
    /// The call failed, or the answer is malformed.
    pub async fn call<R: Message + Default>(
        &self,
        connection: &Channel,
        path: &'static str,
        request: &impl Message,
    ) -> Result<R> {
        let request = self.request(request.encode_to_vec().into());
        let mut client = Grpc::new(connection.clone());
        client.ready().await?;
        let path = PathAndQuery::from_static(path);
        let answer = client.unary(request, path, Raw).await?;
        Ok(R::decode(answer.into_inner())?)
    }

    /// Adds the credentials to a request.
    pub fn request<T>(&self, body: T) -> Request<T> {
        let mut request = Request::new(body);
        if let Some(authorization) = &self.authorization {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", authorization.clone());
        }
        request
    }
}

/// The end of a measurement.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// Ends after a time. The calls repeat in a cycle.
    Elapsed(Duration),
    /// Ends once each call was made.
    Asked,
}

/// Runs a workload and measures it.
///
/// # Errors
/// A call failed, or an answer was wrong: figures of wrong answers are worth nothing.
pub async fn run(workload: &Workload, target: &Target, until: Until) -> Result<Figures> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(target.connect().await?);
    }
    let (begin, cpu) = (Instant::now(), (target.cpu)()?);
    let caller = Caller {
        workload: workload.clone(),
        path: PathAndQuery::from_static(workload.path),
        target: target.clone(),
        next: Arc::default(),
        until,
        begin,
    };
    let mut callers = Vec::new();
    for connection in &connections {
        for _ in 0..workload.in_flight {
            callers.push(tokio::spawn(caller.clone().call(connection.clone())));
        }
    }
    let mut figures = Figures::new(workload.items)?;
    for caller in callers {
        let (latency, compared) = caller.await??;
        figures.latency.add(latency)?;
        figures.compared += compared;
    }
    figures.elapsed = begin.elapsed();
    figures.cpu = (target.cpu)()?.saturating_sub(cpu);
    Ok(figures)
}

#[derive(Clone)]
struct Caller {
    workload: Workload,
    path: PathAndQuery,
    target: Target,
    /// The number of the next call, shared by all callers.
    next: Arc<AtomicUsize>,
    until: Until,
    begin: Instant,
}

impl Caller {
    /// Makes calls until the measurement ends. Returns their latencies, and the number of answers
    /// that were compared with the right one.
    async fn call(self, connection: Channel) -> Result<(Histogram<u64>, u64)> {
        let (mut latency, mut compared) = (figures::histogram()?, 0);
        let mut client = Grpc::new(connection).max_decoding_message_size(MESSAGE);
        let count = self.workload.calls.len();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let begin = Instant::now();
            if self.is_over(number, begin) {
                return Ok((latency, compared));
            }
            let Some(call) = self.workload.calls.get(number % count) else {
                return Ok((latency, compared));
            };
            let request = self.target.request(call.body.clone());
            client.ready().await?;
            let answer = client.unary(request, self.path.clone(), Raw).await?;
            latency.saturating_record(u64::try_from(begin.elapsed().as_micros())?);
            if number.is_multiple_of(self.workload.look) {
                self.look_at(answer.get_ref(), call)?;
                compared += 1;
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
        let path = self.workload.path;
        Err(format!(
            "an answer of `{path}` was {found:?} and not {:?}",
            call.effects
        )
        .into())
    }
}
