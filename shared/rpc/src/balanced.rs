//! A channel to a service that runs at several addresses.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use balance::{
    Backend, Backends, Budget, Dns, EndpointError, Health, Host, Load, Make, Resolve, Tls,
};
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use prost::bytes::Bytes;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, body::Body};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::{
    channel::Channel,
    fault::Fault,
    layer::{Request, Response},
};

/// Interval at which the name of a service is resolved, besides after failures.
const RESOLVE_EVERY: Duration = Duration::from_secs(30);
/// Maximum time to wait for the first addresses.
const RESOLVED: Duration = Duration::from_secs(2);
/// Time without an answer after which a second address is asked, too. A lost machine stays silent
/// until its connection is given up.
const SILENCE: Duration = Duration::from_millis(500);
/// Maximum number of second tries in a row; every ten answers allow another.
const SECOND_TRIES: u32 = 100;

/// Returns a channel to all addresses of the host of a URL. A call that one address does not answer
/// goes to another. Repeating a call is safe, because a change carries the id of its request.
///
/// # Errors
/// The URL or a certificate is malformed.
pub(crate) fn balanced(url: &str, tls: &Tls) -> Result<Channel, EndpointError> {
    resolved_by(Arc::new(Dns), url, tls)
}

fn resolved_by(resolver: Arc<dyn Resolve>, url: &str, tls: &Tls) -> Result<Channel, EndpointError> {
    let host = Host::parse(url, tls)?;
    let (end, failed) = (CancellationToken::new(), Arc::<Notify>::default());
    let nodes = Backends::new(failed.clone());
    let follow = nodes
        .clone()
        .follow(vec![host], resolver, RESOLVE_EVERY, MakeNode);
    tokio::spawn(end.clone().run_until_cancelled_owned(follow));
    let balanced = Arc::new(Balanced {
        nodes,
        failed,
        budget: Budget::new(SECOND_TRIES),
        _end: end.drop_guard(),
    });
    Ok(BoxCloneSyncService::new(service_fn(move |request| {
        let balanced = balanced.clone();
        async move { balanced.ask(request).await }
    })))
}

/// One address.
struct Node {
    address: SocketAddr,
    channel: tonic::transport::Channel,
    health: Health,
    load: Load,
}

impl Backend for Node {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn health(&self) -> &Health {
        &self.health
    }

    fn load(&self) -> &Load {
        &self.load
    }
}

struct MakeNode;

impl Make<Node> for MakeNode {
    fn backend(
        &mut self,
        host: &Host,
        address: SocketAddr,
        known: Option<&Arc<Node>>,
    ) -> Option<Arc<Node>> {
        if let Some(known) = known {
            return Some(known.clone());
        }
        Some(Arc::new(Node {
            address,
            channel: host.connect(address).ok()?,
            health: Health::default(),
            load: Load::default(),
        }))
    }
}

struct Balanced {
    nodes: Arc<Backends<Node>>,
    failed: Arc<Notify>,
    budget: Budget,
    _end: DropGuard,
}

impl Balanced {
    async fn ask(&self, request: Request) -> Result<Response, Status> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = || http::Request::from_parts(head.clone(), whole(body.clone()));
        if !self.nodes.is_resolved() {
            // If there are no addresses by then, `pick` fails.
            let _ = timeout(RESOLVED, self.nodes.resolved()).await;
        }
        let node = self.nodes.pick(None, Instant::now()).map_err(unavailable)?;
        let first = Box::pin(self.attempt(&node, request()));
        match select(first, Box::pin(sleep(SILENCE))).await {
            Either::Left((Ok(response), _)) => Ok(response),
            Either::Left((Err(failed), _)) => match self.another(&node) {
                Some(other) => self.attempt(&other, request()).await,
                None => Err(failed),
            },
            Either::Right(((), first)) => {
                node.health.was_silent(Instant::now());
                match self.another(&node) {
                    Some(other) => {
                        let second = Box::pin(self.attempt(&other, request()));
                        either(first, second).await
                    }
                    None => first.await,
                }
            }
        }
    }

    /// Returns another node to ask after one that failed or is silent, if there is one and the
    /// budget allows it.
    fn another(&self, node: &Arc<Node>) -> Option<Arc<Node>> {
        let other = self.nodes.pick(Some(node), Instant::now()).ok();
        let other = other.filter(|other| !Arc::ptr_eq(node, other))?;
        self.budget.withdraw().then_some(other)
    }

    async fn attempt(&self, node: &Arc<Node>, request: Request) -> Result<Response, Status> {
        let _under_way = UnderWay::begin(node);
        match node.channel.clone().oneshot(request).await {
            Ok(response) => {
                node.health.succeeded();
                self.budget.deposit();
                Ok(response)
            }
            Err(error) => {
                node.health.failed(Instant::now());
                self.failed.notify_one();
                Err(Status::from_error(error.into()))
            }
        }
    }
}

/// Returns the first response of two, or the failure of the last.
async fn either<F, G>(first: F, second: G) -> Result<Response, Status>
where
    F: Future<Output = Result<Response, Status>> + Unpin,
    G: Future<Output = Result<Response, Status>> + Unpin,
{
    match select(first, second).await {
        Either::Left((Ok(response), _)) | Either::Right((Ok(response), _)) => Ok(response),
        Either::Left((Err(_), second)) => second.await,
        Either::Right((Err(_), first)) => first.await,
    }
}

fn whole(body: Bytes) -> Body {
    Body::new(Full::new(body))
}

fn unavailable(error: balance::Unreachable) -> Status {
    Fault::unavailable(error).into()
}

/// A call that counts as load for as long as it lasts.
struct UnderWay<'n>(&'n Node);

impl<'n> UnderWay<'n> {
    fn begin(node: &'n Node) -> Self {
        node.load.enter();
        Self(node)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.load.leave();
    }
}

#[cfg(test)]
mod tests;
