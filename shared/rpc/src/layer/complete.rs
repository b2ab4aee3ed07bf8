//! Runs changes to their end, even after their callers stop waiting: a transaction that is
//! interrupted in a statement costs its connection, and blocks the waiters for its rows until the
//! server has noticed.

use std::{convert::Infallible, time::Duration};

use tokio::{runtime::Runtime, time::timeout};
use tonic::Status;
use tracing::Instrument;

use super::Response;
use crate::fault::Fault;

/// Runs a call in a separate task on the given threads, for at most the longest time of a call. The
/// resources that it holds are released when it ends.
pub(super) async fn complete<F, H>(
    threads: &Runtime,
    call: F,
    longest: Duration,
    held: H,
) -> F::Output
where
    F: Future<Output = Result<Response, Infallible>> + Send + 'static,
    H: Send + 'static,
{
    let call = async move {
        let answered = timeout(longest, call).await;
        drop(held);
        answered.unwrap_or_else(|_| Ok(refused(Fault::deadline())))
    };
    match threads.spawn(call.in_current_span()).await {
        Ok(answered) => answered,
        // A layer above responds to the panic.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Ok(refused(Fault::unavailable(error))),
    }
}

fn refused(fault: Fault) -> Response {
    Status::from(fault).into_http()
}
