//! Failed calls, described for people.

use std::fmt::Write;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::Service;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
#[error("`{method}` of the {service} service failed")]
pub struct CallError {
    /// The service that was called.
    pub service: Service,
    /// The method.
    pub method: &'static str,
    /// The status that the service returned, or a status for a failure on the way.
    #[source]
    pub status: Box<Status>,
}

impl CallError {
    /// True if no service answered. Services explain a refusal in the details; a call that never
    /// reached one has none.
    pub fn is_unreachable(&self) -> bool {
        let unanswered = matches!(
            self.status.code(),
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled
        );
        unanswered && self.status.get_details_error_info().is_none()
    }

    /// Describes code, reason, message, fields and help, for people.
    pub fn describe(&self) -> String {
        let details = self.status.get_error_details();
        let mut text = format!("{self}: {}", name(self.status.code()));
        // Writing to a string cannot fail.
        if let Some(info) = details.error_info() {
            let _ = write!(text, " ({})", info.reason);
        }
        let _ = write!(text, ": {}", self.status.message());
        if let Some(request) = details.bad_request() {
            let told = |field: &str, description: &str| {
                self.status.message() == api::broken_rule(field, description)
            };
            for violation in &request.field_violations {
                if told(&violation.field, &violation.description) {
                    continue;
                }
                let _ = write!(text, "\n  {}: {}", violation.field, violation.description);
            }
        }
        if let Some(help) = details.help() {
            for link in &help.links {
                let _ = write!(text, "\n  {}: {}", link.description, link.url);
            }
        }
        text
    }
}

/// Returns the name of a code in the protocol.
fn name(code: Code) -> String {
    let mut name = String::new();
    for (index, character) in format!("{code:?}").chars().enumerate() {
        if index > 0 && character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn error(status: Status) -> CallError {
        CallError {
            service: Service::Identity,
            method: "create_user",
            status: Box::new(status),
        }
    }

    #[test]
    fn codes_are_named_as_in_the_protocol() {
        assert_eq!(name(Code::PermissionDenied), "PERMISSION_DENIED");
        assert_eq!(name(Code::Ok), "OK");
    }

    #[test]
    fn only_an_answer_without_a_reason_is_that_of_no_service() {
        assert!(error(Status::unavailable("tcp connect error")).is_unreachable());
        assert!(error(Status::deadline_exceeded("Timeout expired")).is_unreachable());
        assert!(error(Status::cancelled("Timeout expired")).is_unreachable());
        assert!(!error(Status::internal("tcp connect error")).is_unreachable());
        let details = ErrorDetails::with_error_info("OVERLOADED", "mandate", []);
        let refused = Status::with_error_details(Code::Unavailable, "busy", details);
        assert!(!error(refused).is_unreachable());
    }

    #[test]
    fn an_error_is_described_with_its_reason_fields_and_help() {
        let mut details = ErrorDetails::with_error_info("INVALID_REQUEST", "mandate", []);
        details.add_bad_request_violation("user.login", "must be printable ASCII");
        details.add_help_link("Errors", "docs/errors.md");
        let status =
            Status::with_error_details(Code::InvalidArgument, "a field breaks a rule", details);
        assert_eq!(
            error(status).describe(),
            "`create_user` of the identity service failed: INVALID_ARGUMENT (INVALID_REQUEST): a \
             field breaks a rule\n  user.login: must be printable ASCII\n  Errors: \
             docs/errors.md"
        );
    }
}
