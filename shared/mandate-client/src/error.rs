//! Why there is no answer.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A field of a question that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, as `subject`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// Why there is no answer. None of these is an allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No backend could be reached, or what one needs could not. Worth another try, later.
    #[error("mandate is unavailable: {message}")]
    Unavailable {
        /// What failed last.
        message: String,
    },
    /// No answer came in time.
    #[error("no answer came within {waited:?}")]
    DeadlineExceeded {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The client itself has no valid credential.
    #[error("the client is not authenticated: {message}")]
    Unauthenticated {
        /// What the service said.
        message: String,
    },
    /// The client itself may not ask this, or what it asks about does not exist.
    #[error("the client may not ask this: {message}")]
    Denied {
        /// What the service said.
        message: String,
    },
    /// The question breaks a rule; asked again it is refused again.
    #[error("the question is invalid: {message}")]
    Invalid {
        /// What the service said.
        message: String,
        /// A value of an `ErrorReason`, without its prefix.
        reason: String,
        /// The fields that are wrong.
        violations: Vec<Violation>,
    },
    /// More questions wait than the client or the service can take.
    #[error("too many questions wait: {message}")]
    Overloaded {
        /// Whose limit it was.
        message: String,
    },
    /// The service failed in another way.
    #[error("the service answered {code:?}: {message}")]
    Failed {
        /// The canonical code.
        code: Code,
        /// A value of an `ErrorReason`, without its prefix; empty if none was told.
        reason: String,
        /// What the service said.
        message: String,
    },
}

impl Error {
    /// A question with a field that is too long to be sent.
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

    /// What the service refused a question with.
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
