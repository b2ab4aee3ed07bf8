//! The backends at the current addresses of their names.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::RwLock;
use tokio::sync::{Notify, watch};

use crate::{
    endpoint::Host,
    load::{Health, Load},
    resolve::Resolve,
};

/// Maximum time to resolve a name.
const RESOLVE: Duration = Duration::from_secs(5);
/// Minimum time between two resolutions, even after failures.
const AT_MOST_EVERY: Duration = Duration::from_millis(500);

/// One address of an endpoint.
pub trait Backend: Send + Sync + 'static {
    /// Returns the address.
    fn address(&self) -> SocketAddr;
    /// Returns the health of the backend.
    fn health(&self) -> &Health;
    /// Returns the load of the backend.
    fn load(&self) -> &Load;
    /// Ends the backend, which gets no more calls.
    fn retire(self: Arc<Self>) {}
}

/// Makes backends from addresses.
pub trait Make<B>: Send {
    /// Called after the names have been resolved, before backends are made from their addresses.
    fn begin(&mut self) {}

    /// Returns the backend of an address: the known one, or a new one; `None` if it cannot be made.
    fn backend(
        &mut self,
        host: &Host,
        address: SocketAddr,
        known: Option<&Arc<B>>,
    ) -> Option<Arc<B>>;
}

/// The error that no backend can be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The names have no address yet.
    #[error("no address of a backend is known")]
    Address,
    /// All backends failed recently.
    #[error("no backend can be reached")]
    Backend,
}

/// The backends.
pub struct Backends<B> {
    current: RwLock<Arc<[Arc<B>]>>,
    /// True once the names have been resolved.
    resolved: watch::Sender<bool>,
    /// Notified after a failure: the addresses may have changed.
    failed: Arc<Notify>,
    random: AtomicU64,
}

impl<B: Backend> Backends<B> {
    /// Returns an empty set; `failed` is notified when a backend has failed.
    pub fn new(failed: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            current: RwLock::new(Arc::new([])),
            resolved: watch::Sender::new(false),
            failed,
            // Different for every client of a process, and for every process.
            random: AtomicU64::new(RandomState::new().hash_one(0)),
        })
    }

    /// Picks a backend: the less loaded of two random ones, among those without a recent failure,
    /// and not `besides` if there is another.
    ///
    /// # Errors
    /// [`Unreachable`] when none can be asked now.
    pub fn pick(&self, besides: Option<&Arc<B>>, now: Instant) -> Result<Arc<B>, Unreachable> {
        let current = self.current.read();
        let good = |backend: &&Arc<B>| backend.health().is_good(now);
        let other =
            |backend: &&Arc<B>| besides.is_none_or(|besides| !Arc::ptr_eq(backend, besides));
        let from = |start: usize| {
            let (before, after) = current.split_at(start.min(current.len()));
            after.iter().chain(before)
        };
        let random = self.random();
        let (first, second) = match current.len() {
            0 => return Err(Unreachable::Address),
            1 => (None, None),
            count => {
                let first = from(index(random, count)).filter(good).find(other);
                let second = from(index(random >> 32, count))
                    .filter(good)
                    .filter(other)
                    .find(|second| first.is_none_or(|first| !Arc::ptr_eq(first, second)));
                (first, second)
            }
        };
        let first = first
            .or_else(|| from(0).find(good))
            .or_else(|| from(0).find(|backend| backend.health().is_reachable(now)));
        match (first, second) {
            (Some(first), Some(second)) if second.load().get() < first.load().get() => {
                Ok(second.clone())
            }
            (Some(first), _) => Ok(first.clone()),
            (None, _) => Err(Unreachable::Backend),
        }
    }

    /// Returns once the names have been resolved.
    pub async fn resolved(&self) {
        let mut resolved = self.resolved.subscribe();
        // The sender lives as long as `self`.
        let _ = resolved.wait_for(|resolved| *resolved).await;
    }

    /// True once the names have been resolved.
    pub fn is_resolved(&self) -> bool {
        *self.resolved.borrow()
    }

    /// Resolves the names at an interval and after failures.
    pub async fn follow(
        self: Arc<Self>,
        hosts: Vec<Host>,
        resolver: Arc<dyn Resolve>,
        every: Duration,
        mut make: impl Make<B>,
    ) {
        let mut known: Vec<Vec<SocketAddr>> = vec![Vec::new(); hosts.len()];
        loop {
            for (host, known) in hosts.iter().zip(&mut known) {
                let found = resolver.resolve(&host.host, host.port);
                match tokio::time::timeout(RESOLVE, found).await {
                    Ok(Ok(found)) if !found.is_empty() => *known = found,
                    Ok(Ok(_)) => tracing::warn!(host = host.host, "the name has no address"),
                    Ok(Err(error)) => {
                        tracing::warn!(host = host.host, %error, "the name cannot be resolved");
                    }
                    Err(_) => tracing::warn!(host = host.host, "the name resolves too slowly"),
                }
            }
            make.begin();
            self.replace(&hosts, &known, &mut make);
            self.resolved.send_replace(true);
            tokio::time::sleep(AT_MOST_EVERY.min(every)).await;
            let rest = every.saturating_sub(AT_MOST_EVERY);
            // The result does not matter: it is time to resolve again.
            let _ = tokio::time::timeout(rest, self.failed.notified()).await;
        }
    }

    /// Keeps the backends of known addresses, starts the new ones, and retires the rest.
    fn replace(&self, hosts: &[Host], known: &[Vec<SocketAddr>], make: &mut impl Make<B>) {
        let before = self.current.read().clone();
        let mut next: Vec<Arc<B>> = Vec::new();
        for (host, addresses) in hosts.iter().zip(known) {
            for address in addresses {
                if next.iter().any(|backend| backend.address() == *address) {
                    continue;
                }
                let mut before = before.iter();
                let same = before.find(|backend| backend.address() == *address);
                next.extend(make.backend(host, *address, same));
            }
        }
        let next: Arc<[_]> = next.into();
        *self.current.write() = next.clone();
        for backend in before.iter() {
            if !next.iter().any(|other| Arc::ptr_eq(other, backend)) {
                backend.clone().retire();
            }
        }
    }

    /// Returns a number by Splitmix64, which is random enough to spread load.
    fn random(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.random.fetch_add(STEP, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Returns a number below `count`.
fn index(random: u64, count: usize) -> usize {
    usize::try_from(random & u64::from(u32::MAX)).unwrap_or_default() % count
}
