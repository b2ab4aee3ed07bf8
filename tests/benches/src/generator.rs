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

/// Connections, as a few backends hold them.
const CONNECTIONS: usize = 4;
/// The largest answer that is read.
const MESSAGE: usize = 64 << 20;

/// A request, and the effects that its answer must have.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request.
    pub body: Bytes,
    /// What its answer must say.
    pub effects: Vec<Effect>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The method, `/{service}/{method}`.
    pub path: &'static str,
    /// What to send, in turn.
    pub calls: Arc<[Call]>,
    /// The effects in an answer; none if it is malformed.
    pub read: fn(&Bytes) -> Option<Vec<Effect>>,
    /// How many items each call is about.
    pub items: u32,
    /// Calls in flight on each connection.
    pub in_flight: usize,
    /// One answer in so many is compared with the right one.
    pub look: usize,
}

/// Tells how much CPU time a server has taken since it started.
pub type Cpu = Arc<dyn Fn() -> Result<Duration> + Send + Sync>;

/// Who is asked.
#[derive(Clone)]
pub struct Target {
    /// Where it listens, without TLS.
    pub address: SocketAddr,
    /// What it knows the caller by.
    pub authorization: Option<AsciiMetadataValue>,
    /// Its CPU time.
    pub cpu: Cpu,
}

impl Target {
    /// A server that knows its callers by a key.
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

    /// A connection of its own.
    ///
    /// # Errors
    /// Nobody listens there.
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

    /// A request with what the caller is known by.
    pub fn request<T>(&self, body: T) -> Request<T> {
        let mut request = Request::new(body);
        if let Some(authorization) = &self.authorization {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", authorization.clone());
        }
        request
    }
}

/// When to end.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After a time; the calls come round again.
    Elapsed(Duration),
    /// After each call was made once.
    Asked,
}

/// Asks, and measures.
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
    /// The number of the next call of all callers.
    next: Arc<AtomicUsize>,
    until: Until,
    begin: Instant,
}

impl Caller {
    /// The latencies of its calls, and how many answers were compared with the right one.
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
