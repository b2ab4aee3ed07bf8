//! Runs calls that change something to their end, also where nobody waits for their answers any
//! more: a transaction that is cut off amid a statement costs its connection, and holds up whoever
//! waits for its rows until the server has noticed.

use std::{convert::Infallible, time::Duration};

use tokio::{runtime::Runtime, time::timeout};
use tonic::Status;
use tracing::Instrument;

use super::Response;
use crate::fault::Fault;

/// Runs a call in a task of its own on some threads, for no longer than the longest call may take. What it holds is
/// given back when it ends.
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
        // A layer above answers for it.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Ok(refused(Fault::unavailable(error))),
    }
}

fn refused(fault: Fault) -> Response {
    Status::from(fault).into_http()
}
