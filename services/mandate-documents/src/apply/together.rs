//! Concurrent work on several items.

use std::future::Future;

use tokio::task::JoinSet;

use super::{ApplyError, execute::Halted};

/// Maximum number of items in progress.
const MAX_CONCURRENT_ITEMS: usize = 8;

/// Runs the work on all items, a few at a time, and collects the results, in any order. The first
/// failure cancels the rest.
pub(super) async fn together<T, F, R>(
    items: impl IntoIterator<Item = T>,
    work: impl FnMut(T) -> F,
) -> Result<Vec<R>, ApplyError>
where
    F: Future<Output = Result<R, ApplyError>> + Send + 'static,
    R: Send + 'static,
{
    let mut results = Vec::new();
    run(items, work, |result: Result<R, ApplyError>| {
        results.push(result?);
        Ok(())
    })
    .await?;
    Ok(results)
}

/// Runs the work on all items, a few at a time. A failure does not stop the work on other items.
pub(super) async fn each<T, F>(
    items: impl IntoIterator<Item = T>,
    work: impl FnMut(T) -> F,
) -> Result<(), Halted>
where
    F: Future<Output = Result<(), Halted>> + Send + 'static,
{
    let mut end = Ok(());
    let all = run(items, work, |result: Result<(), Halted>| {
        end = end.and(result);
        Ok(())
    });
    all.await.map_err(|_| Halted)?;
    end
}

async fn run<T, F, R>(
    items: impl IntoIterator<Item = T>,
    mut work: impl FnMut(T) -> F,
    mut done: impl FnMut(R) -> Result<(), ApplyError>,
) -> Result<(), ApplyError>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let mut running = JoinSet::new();
    for item in items {
        if running.len() == MAX_CONCURRENT_ITEMS
            && let Some(result) = running.join_next().await
        {
            done(result.map_err(|_| ApplyError::Cancelled)?)?;
        }
        running.spawn(work(item));
    }
    while let Some(result) = running.join_next().await {
        done(result.map_err(|_| ApplyError::Cancelled)?)?;
    }
    Ok(())
}
