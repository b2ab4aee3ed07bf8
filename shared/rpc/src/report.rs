//! Logs calls that failed without a mistake of their callers: once a second for each cause.

use std::{error::Error, time::Instant};

use tonic::{Code, Status};
use types::Seldom;

/// Logs a failed call with its known details.
pub fn report(status: &Status, method: &str, request_id: &str) {
    static SELDOM: Seldom = Seldom::new();
    if !matches!(status.code(), Code::Internal | Code::Unavailable) {
        return;
    }
    let cause = status
        .source()
        .map_or_else(|| status.message().to_owned(), chain);
    if let Some(untold) = SELDOM.tells(&cause, Instant::now()) {
        let code = status.code();
        tracing::error!(
            rpc.method = method,
            request_id,
            ?code,
            error = cause,
            untold,
            "call failed"
        );
    }
}

/// Returns an error with its sources, outermost first.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
