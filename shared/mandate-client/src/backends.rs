//! The backends of a client, each with its stream.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Instant};

use balance::{Backends, Host, Make, Unreachable};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::metadata::AsciiMetadataValue;

use crate::{backend::Backend, failure::Failure, key::Key};

/// Makes backends that present the current key.
pub(crate) struct MakeBackend {
    pub(crate) key: Key,
    pub(crate) presented: Option<AsciiMetadataValue>,
    pub(crate) failed: Arc<Notify>,
    pub(crate) end: CancellationToken,
}

impl Make<Backend> for MakeBackend {
    fn begin(&mut self) {
        match self.key.read() {
            Ok(key) => self.presented = key,
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "the key cannot be read again");
            }
        }
    }

    fn backend(
        &mut self,
        host: &Host,
        address: SocketAddr,
        known: Option<&Arc<Backend>>,
    ) -> Option<Arc<Backend>> {
        let same = known.filter(|backend| backend.key == self.presented);
        if let Some(same) = same {
            return Some(same.clone());
        }
        let channel = host.connect(address).ok()?;
        let (end, failed) = (self.end.child_token(), self.failed.clone());
        let key = self.presented.clone();
        Some(Backend::start(address, channel, key, end, failed))
    }
}

/// Waits until the names have been resolved once.
pub(crate) async fn resolved(
    backends: &Backends<Backend>,
    deadline: Instant,
) -> Result<(), Failure> {
    let resolved = tokio::time::timeout_at(deadline.into(), backends.resolved()).await;
    resolved.map_err(|_| Failure::Late)
}

impl From<Unreachable> for Failure {
    fn from(unreachable: Unreachable) -> Self {
        Self::Broken(unreachable.to_string())
    }
}
