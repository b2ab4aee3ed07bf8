//! The errors of a question.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A field of a question that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the field, such as `subject`.
    pub field: String,
    /// A description of the broken rule.
    pub description: String,
}

/// An error instead of an answer. None of these is an allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No backend could be reached, or a backend could not reach a dependency. A later try may
    /// succeed.
    #[error("mandate is unavailable: {message}")]
    Unavailable {
        /// The last failure.
        message: String,
    },
    /// No answer came in time.
    #[error("no answer came within {waited:?}")]
    DeadlineExceeded {
        /// The time that the client waited.
        waited: Duration,
    },
    /// The client itself has no valid credential.
    #[error("the client is not authenticated: {message}")]
    Unauthenticated {
        /// The message of the service.
        message: String,
    },
    /// The client itself may not ask this question, or its resource does not exist.
    #[error("the client may not ask this: {message}")]
    Denied {
        /// The message of the service.
        message: String,
    },
    /// The question breaks a rule; a retry is refused as well.
    #[error("the question is invalid: {message}")]
    Invalid {
        /// The message of the service.
        message: String,
        /// A value of an `ErrorReason`, without its prefix.
        reason: String,
        /// The fields that break a rule.
        violations: Vec<Violation>,
    },
    /// More questions are pending than the client or the service can take.
    #[error("too many questions are pending: {message}")]
    Overloaded {
        /// A description of the limit that was reached.
        message: String,
    },
    /// The service failed in another way.
    #[error("the service answered {code:?}: {message}")]
    Failed {
        /// The canonical code.
        code: Code,
        /// A value of an `ErrorReason`, without its prefix; empty if the service gave none.
        reason: String,
        /// The message of the service.
        message: String,
    },
}

impl Error {
    /// Returns the error of a question with a field that is too long to be sent.
    pub(crate) fn too_long((field, length): (&'static str, usize)) -> Self {
        Self::Invalid {
            message: format!("`{field}` of {length} bytes is too long to be sent"),
            reason: "INVALID_REQUEST".to_owned(),
            violations: vec![Violation {
                field: field.to_owned(),
                description: match field {
                    "context" => "must have at most 4096 bytes",
                    _ => "must have at most 256 characters",
                }
                .to_owned(),
            }],
        }
    }

    /// Converts the status with which the service refused a question.
    pub(crate) fn from_status(status: &Status, waited: Duration) -> Self {
        let message = status.message().to_owned();
        let reason = || {
            let info = status.get_details_error_info();
            info.map_or_else(String::new, |info| info.reason)
        };
        match status.code() {
            Code::Unavailable => Self::Unavailable { message },
            Code::DeadlineExceeded => Self::DeadlineExceeded { waited },
            Code::Unauthenticated => Self::Unauthenticated { message },
            Code::PermissionDenied => Self::Denied { message },
            Code::ResourceExhausted => Self::Overloaded { message },
            Code::InvalidArgument => Self::Invalid {
                message,
                reason: reason(),
                violations: violations(status),
            },
            code => Self::Failed {
                code,
                reason: reason(),
                message,
            },
        }
    }
}

fn violations(status: &Status) -> Vec<Violation> {
    let details = status.get_details_bad_request();
    details
        .map(|details| details.field_violations)
        .unwrap_or_default()
        .into_iter()
        .map(|violation| Violation {
            field: violation.field,
            description: violation.description,
        })
        .collect()
}
