//! One address of an endpoint.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use balance::{Health, Load};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::{metadata::AsciiMetadataValue, transport::Channel};

use crate::{
    failure::Failure,
    lane::{self, Lane},
};

/// Interval at which a retired backend is checked for pending calls.
const DRAIN: Duration = Duration::from_millis(50);

/// A backend, with its connection and its stream.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    pub(crate) key: Option<AsciiMetadataValue>,
    pub(crate) lane: Arc<Lane>,
    /// True if the backend has no streams, so that it gets unary calls.
    unary: AtomicBool,
    end: CancellationToken,
}

impl Backend {
    /// Starts the tasks of a backend, which end with `end`. Notifies `failed` when the backend
    /// cannot be reached.
    pub(crate) fn start(
        address: SocketAddr,
        channel: Channel,
        key: Option<AsciiMetadataValue>,
        end: CancellationToken,
        failed: Arc<Notify>,
    ) -> Arc<Self> {
        let backend = Arc::new(Self {
            address,
            channel: channel.clone(),
            key: key.clone(),
            lane: Lane::new(),
            unary: AtomicBool::new(false),
            end: end.clone(),
        });
        let weak = Arc::downgrade(&backend);
        let broken = move |failure: &Failure| match failure {
            Failure::Unsupported => {
                if let Some(backend) = weak.upgrade() {
                    backend.unary.store(true, Ordering::Relaxed);
                }
                tracing::info!(%address, "the backend has no streams; using unary calls");
            }
            failure => {
                failed.notify_one();
                tracing::debug!(%address, ?failure, "the stream to the backend broke");
            }
        };
        let driven = lane::drive(backend.lane.clone(), channel, key, broken);
        tokio::spawn(end.run_until_cancelled_owned(driven));
        backend
    }

    /// True if the backend gets unary calls.
    pub(crate) fn is_unary(&self) -> bool {
        self.unary.load(Ordering::Relaxed)
    }
}

impl balance::Backend for Backend {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn health(&self) -> &Health {
        &self.lane.health
    }

    fn load(&self) -> &Load {
        &self.lane.load
    }

    /// Stops the backend once it has answered its pending calls.
    fn retire(self: Arc<Self>) {
        tokio::spawn(async move {
            let drained = async {
                while self.lane.load.get() > 0 {
                    tokio::time::sleep(DRAIN).await;
                }
            };
            self.end.run_until_cancelled(drained).await;
            self.end.cancel();
        });
    }
}
