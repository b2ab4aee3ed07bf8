//! Resumes approved requests whose application was interrupted.

use std::time::Duration;

use crate::{
    app::{App, apply_change_request},
    error::Error,
    store::change_requests,
};

/// Interval of the sweeps: somebody waits for the change, and a sweep without work is one index
/// lookup.
const PAUSE: Duration = Duration::from_secs(5);

/// Maximum number of requests per sweep.
const MOST: u64 = 1000;

/// Maximum time for one request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sweeps repeatedly. A call, or another replica, may resume the same request at the same time.
pub(crate) async fn take_up(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "cannot read the approved changes");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn sweep(app: &App) -> Result<(), Error> {
    for name in change_requests::approved(app.store.reader(), MOST).await? {
        let entitlement = app.entitlement.channel().for_itself();
        let applied = apply_change_request(app, entitlement, &name);
        match tokio::time::timeout(PATIENCE, applied).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, %name, "cannot make an approved change yet"),
            Err(_) => tracing::warn!(%name, "an approved change takes too long"),
        }
    }
    Ok(())
}
