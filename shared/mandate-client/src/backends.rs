//! The backends, as their names resolve now.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::RwLock;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::metadata::AsciiMetadataValue;

use crate::{backend::Backend, endpoint::Host, failure::Failure, key::Key, resolve::Resolve};

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);
/// Names are not resolved more often than this, whatever fails.
const AT_MOST_EVERY: Duration = Duration::from_millis(500);

/// The backends.
pub(crate) struct Backends {
    current: RwLock<Arc<[Arc<Backend>]>>,
    /// Whether the names have been resolved once.
    resolved: watch::Sender<bool>,
    /// Something failed: the names may have changed.
    failed: Arc<Notify>,
    random: AtomicU64,
    end: CancellationToken,
}

impl Backends {
    pub(crate) fn new(end: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            current: RwLock::new(Arc::new([])),
            resolved: watch::Sender::new(false),
            failed: Arc::new(Notify::new()),
            random: AtomicU64::new(seed()),
            end,
        })
    }

    /// A backend to ask: the less loaded of two at random, of those that did not just fail, and
    /// another one than `besides` if there is one.
    ///
    /// # Errors
    /// [`Failure::Broken`] when none can be asked now.
    pub(crate) fn pick(
        &self,
        besides: Option<&Arc<Backend>>,
        now: Instant,
    ) -> Result<Arc<Backend>, Failure> {
        let current = self.current.read();
        let good = |backend: &&Arc<Backend>| backend.lane.health.is_good(now);
        let other =
            |backend: &&Arc<Backend>| besides.is_none_or(|besides| !Arc::ptr_eq(backend, besides));
        let from = |start: usize| {
            let (before, after) = current.split_at(start.min(current.len()));
            after.iter().chain(before)
        };
        let random = self.random();
        let (first, second) = match current.len() {
            0 => return Err(Failure::Broken("no address of a backend is known".into())),
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
            .or_else(|| from(0).find(|backend| backend.lane.health.is_reachable(now)));
        match (first, second) {
            (Some(first), Some(second)) if second.lane.load.get() < first.lane.load.get() => {
                Ok(second.clone())
            }
            (Some(first), _) => Ok(first.clone()),
            (None, _) => Err(Failure::Broken("no backend can be reached".into())),
        }
    }

    /// Waits until the names have been resolved once.
    pub(crate) async fn resolved(&self, deadline: Instant) -> Result<(), Failure> {
        let mut resolved = self.resolved.subscribe();
        let known = resolved.wait_for(|resolved| *resolved);
        match tokio::time::timeout_at(deadline.into(), known).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Failure::Closed),
            Err(_) => Err(Failure::Late),
        }
    }

    /// Whether the names have been resolved once.
    pub(crate) fn is_resolved(&self) -> bool {
        *self.resolved.borrow()
    }

    /// Resolves the names and reads the key, again and again and after failures.
    pub(crate) async fn follow(
        self: Arc<Self>,
        hosts: Vec<Host>,
        resolver: Arc<dyn Resolve>,
        key: Key,
        every: Duration,
    ) {
        let mut presented = None;
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
            match key.read() {
                Ok(key) => presented = key,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn Error, "the key cannot be read anew");
                }
            }
            self.replace(&hosts, &known, presented.as_ref());
            self.resolved.send_replace(true);
            tokio::time::sleep(AT_MOST_EVERY.min(every)).await;
            let rest = every.saturating_sub(AT_MOST_EVERY);
            // Either way it is time.
            let _ = tokio::time::timeout(rest, self.failed.notified()).await;
        }
    }

    /// Keeps the backends whose addresses are still there and that are presented the same key,
    /// begins the new, retires the rest.
    fn replace(&self, hosts: &[Host], known: &[Vec<SocketAddr>], key: Option<&AsciiMetadataValue>) {
        let before = self.current.read().clone();
        let mut next: Vec<Arc<Backend>> = Vec::new();
        for (host, addresses) in hosts.iter().zip(known) {
            for address in addresses {
                if next.iter().any(|backend| backend.address == *address) {
                    continue;
                }
                let same = |backend: &&Arc<Backend>| {
                    backend.address == *address && backend.key.as_ref() == key
                };
                if let Some(same) = before.iter().find(same) {
                    next.push(same.clone());
                } else if let Ok(channel) = host.connect(*address) {
                    let (end, failed) = (self.end.child_token(), self.failed.clone());
                    next.push(Backend::start(*address, channel, key.cloned(), end, failed));
                }
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

    /// Splitmix64: random enough to spread load.
    fn random(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.random.fetch_add(STEP, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Different for every client of a process, and for every process.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// A number below `count`.
fn index(random: u64, count: usize) -> usize {
    usize::try_from(random & u64::from(u32::MAX)).unwrap_or_default() % count
}
