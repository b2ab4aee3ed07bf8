//! Refusals of entitlement, passed on to the caller.

use api::{common, entitlement::v1::ErrorReason};
use rpc::Fault;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of the reasons of entitlement.
const ENTITLEMENT_DOMAIN: &str = "entitlement.mandate";

/// Returns a refusal; `None` if the service could not answer, or is defective.
pub fn read(status: &Status) -> Option<Fault> {
    let details = status.get_error_details();
    let info = details.error_info().filter(|_| is_refused(status.code()))?;
    let name = format!("ERROR_REASON_{}", info.reason);
    let (code, message) = (status.code(), status.message());
    let mut fault = if info.domain == ENTITLEMENT_DOMAIN {
        let reason = ErrorReason::from_str_name(&name)?;
        Fault::new(code, ENTITLEMENT_DOMAIN, reason.as_str_name(), message)
    } else {
        let reason = common::v1::ErrorReason::from_str_name(&name)?;
        if reason == common::v1::ErrorReason::Overloaded {
            return None;
        }
        Fault::common(code, reason, message)
    };
    let wrong = details.bad_request().map(|wrong| &wrong.field_violations);
    for wrong in wrong.into_iter().flatten() {
        fault = fault.violation(&wrong.field, &wrong.description);
    }
    Some(fault)
}

fn is_refused(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Aborted
            | Code::ResourceExhausted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes a fault through `read`; returns `None` if it is not a refusal.
    fn passed_on(fault: Fault) -> Option<(Code, String, String)> {
        let status = Status::from(read(&fault.into())?);
        let info = status.get_details_error_info().unwrap();
        Some((status.code(), info.domain, info.reason))
    }

    #[test]
    fn a_refusal_is_passed_on_as_it_is() {
        let reason = ErrorReason::SodViolation;
        let code = Code::FailedPrecondition;
        let separated = Fault::new(code, ENTITLEMENT_DOMAIN, reason.as_str_name(), "both");
        let expected = (
            code,
            ENTITLEMENT_DOMAIN.to_owned(),
            "SOD_VIOLATION".to_owned(),
        );
        assert_eq!(passed_on(separated), Some(expected));
        let wrong = read(&Fault::field("changes[0]", "is wrong").into()).unwrap();
        let wrong = Status::from(wrong).get_details_bad_request().unwrap();
        assert_eq!(wrong.field_violations[0].field, "changes[0]");
    }

    #[test]
    fn what_cannot_answer_refuses_nothing() {
        for fault in [
            Fault::unavailable("lost"),
            Fault::deadline(),
            Fault::internal("broken"),
            Fault::overloaded(),
        ] {
            assert_eq!(passed_on(fault), None);
        }
        assert!(read(&Status::permission_denied("by something between")).is_none());
    }
}
