//! The faults of store errors.

use api::common::v1::ErrorReason;
use rpc::Fault;
use store::StoreError;
use tonic::Code;

/// Returns the fault of a store error. Neither crate may depend on the other, so there is no `From`.
pub fn store_fault(error: StoreError) -> Fault {
    match error {
        StoreError::Stale => Fault::common(
            Code::Aborted,
            ErrorReason::EtagMismatch,
            "the resource has changed since `etag` was read",
        ),
        StoreError::RequestReused => Fault::wrong_field(
            ErrorReason::RequestIdReused,
            "request_id".to_owned(),
            "was used for another request".to_owned(),
        ),
        StoreError::Unavailable(_)
        | StoreError::Late
        | StoreError::Away
        | StoreError::EpochEnded(_) => Fault::unavailable(error),
        StoreError::Duplicate(_)
        | StoreError::Reference(_)
        | StoreError::Corrupt(_)
        | StoreError::SharedSessions
        | StoreError::Url(_) => Fault::internal(error),
    }
}
