//! Gives what the transport refuses by itself the form of every other refusal.

use api::common::v1::ErrorReason;
use tonic::{Code, Status};

use super::Response;
use crate::fault::Fault;

/// A request that cannot be read (too large, cut short, compressed in a way that nobody agreed
/// on) is refused before its handler runs, by a status without details: `OUT_OF_RANGE`
/// or `INTERNAL`, although it is the caller's mistake.
pub(crate) fn refuse(response: Response) -> Response {
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    let unread = matches!(status.code(), Code::OutOfRange | Code::Internal);
    if !unread || !status.details().is_empty() {
        return response;
    }
    let fault = Fault::common(
        Code::InvalidArgument,
        ErrorReason::InvalidRequest,
        format!("the request cannot be read: {}", status.message()),
    );
    Status::from(fault).into_http()
}
