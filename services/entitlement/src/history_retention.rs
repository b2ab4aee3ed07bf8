//! Removes expired history.

use std::time::Duration;

use ::store::{Store, StoreError};
use types::UnixTime;

use crate::store::history;

/// Interval between sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Removes expired history periodically.
pub(crate) async fn forget(store: Store, kept: Duration) {
    loop {
        if let Err(error) = sweep(&store, kept).await {
            tracing::warn!(%error, "what is kept no longer could not be deleted");
        }
        tokio::time::sleep(SWEEP_INTERVAL).await;
    }
}

async fn sweep(store: &Store, kept: Duration) -> Result<(), StoreError> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = UnixTime(store.clock().now().0.saturating_sub(kept));
    // In small steps, so that writes wait only for one step.
    while !history::sweep(store.writer(), before).await? {}
    Ok(())
}
