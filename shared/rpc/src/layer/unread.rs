//! Gives refusals of the transport the form of every other refusal.

use api::common::v1::ErrorReason;
use tonic::{Code, Status};

use super::Response;
use crate::fault::Fault;

/// Refuses a request that cannot be decoded like every other invalid one.
pub(crate) fn refuse(response: Response) -> Response {
    match Status::from_header_map(response.headers()) {
        Some(status) if is_unread(&status) => unread(status).into_http(),
        _ => response,
    }
}

/// Does the same for a message of a stream.
pub fn unread(status: Status) -> Status {
    if !is_unread(&status) {
        return status;
    }
    let fault = Fault::common(
        Code::InvalidArgument,
        ErrorReason::InvalidRequest,
        format!("the request cannot be read: {}", status.message()),
    );
    fault.into()
}

/// True for the status of a request that cannot be decoded (too large, cut short, or compressed by
/// an unsupported method). The transport refuses it before its handler runs, without details, as
/// `OUT_OF_RANGE`, `RESOURCE_EXHAUSTED` or `INTERNAL`, although it is the caller's mistake.
fn is_unread(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::OutOfRange | Code::ResourceExhausted | Code::Internal
    ) && status.details().is_empty()
}
