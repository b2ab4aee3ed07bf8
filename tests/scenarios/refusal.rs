//! Refusals in a form that tests compare.

use std::fmt::Debug;

use prost::Message;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// Returns the code and the reason of a refused call.
pub fn refusal<T: Debug>(result: Result<Response<T>, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    let reason = status.get_details_error_info().map(|info| info.reason);
    (status.code(), reason.unwrap_or_default())
}

/// Asserts that a call is refused with this code and reason.
#[track_caller]
pub fn assert_refused<T: Debug>(result: Result<Response<T>, Status>, code: Code, reason: &str) {
    assert_eq!(refusal(result), (code, reason.to_owned()));
}

/// Converts the error of one question in a batch to the result of a call.
pub fn failed(error: &tonic_types::Status) -> Result<Response<()>, Status> {
    Err(Status::with_details(
        Code::from_i32(error.code),
        error.message.clone(),
        error.encode_to_vec().into(),
    ))
}
