//! Answers a panic of a handler with INTERNAL; the connection and the process go on.

use std::any::Any;

use tonic::{Status, body::Body};

use super::Response;
use crate::fault::Fault;

/// The answer to a call whose handler panicked.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(crate) fn answer(panic: Box<dyn Any + Send>) -> http::Response<Body> {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown")
        .to_owned();
    response(Fault::internal(format!("a handler panicked: {text}")))
}

fn response(fault: Fault) -> Response {
    Status::from(fault).into_http()
}
