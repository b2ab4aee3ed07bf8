//! Work on several organizations at a time.

use std::future::Future;

use tokio::task::JoinSet;

use super::ApplyError;

/// How many at a time.
const WIDTH: usize = 8;

/// Runs the work on all items, a few at a time, and collects what it returns, in any order.
/// The first failure ends the rest.
pub(super) async fn together<T, F, R>(
    items: impl IntoIterator<Item = T>,
    mut work: impl FnMut(T) -> F,
) -> Result<Vec<R>, ApplyError>
where
    F: Future<Output = Result<R, ApplyError>> + Send + 'static,
    R: Send + 'static,
{
    let mut running = JoinSet::new();
    let mut results = Vec::new();
    for item in items {
        if running.len() == WIDTH
            && let Some(done) = running.join_next().await
        {
            results.push(done.map_err(|_| ApplyError::Cancelled)??);
        }
        running.spawn(work(item));
    }
    while let Some(done) = running.join_next().await {
        results.push(done.map_err(|_| ApplyError::Cancelled)??);
    }
    Ok(results)
}
