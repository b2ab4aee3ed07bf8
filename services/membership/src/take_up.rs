//! Takes up again what was approved when whoever applied it was stopped.

use std::time::Duration;

use crate::{
    app::{App, apply_change_request},
    error::Error,
    store::change_requests,
};

/// How often: somebody waits for it, and it is one look at an index.
const PAUSE: Duration = Duration::from_secs(5);

/// How many at a time.
const MOST: u64 = 1000;

/// How long one of them is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes up again and again. That a call, or another replica, does so at the same time does no harm.
pub(crate) async fn take_up(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "approved changes could not be looked for");
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
            Ok(Err(error)) => tracing::warn!(%error, %name, "an approved change is not made yet"),
            Err(_) => tracing::warn!(%name, "an approved change takes too long"),
        }
    }
    Ok(())
}
