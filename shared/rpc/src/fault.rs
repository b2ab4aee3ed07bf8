//! The failure of a call, and the one place where it becomes a `tonic::Status`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::{Inbound, Path, Violations, broken_rule, common::v1::ErrorReason, reason_url};
use authz::Refused;
use prost::Message;
use tokens::InvalidToken;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use types::InvalidName;

use crate::report;

/// The domain of the reasons that all services share.
const COMMON_DOMAIN: &str = "mandate";
/// Delay before a retry of a call that exceeded a limit.
const OVERLOAD_RETRY_DELAY: Duration = Duration::from_millis(100);
/// Delay before a retry of a call that needs an unavailable dependency.
const UNAVAILABLE_RETRY_DELAY: Duration = Duration::from_millis(500);

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `a.b[2].c`.
    pub field: String,
    /// A description of the broken rule.
    pub description: String,
}

/// A condition that must be met before the call can succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Precondition {
    kind: &'static str,
    subject: String,
    description: String,
}

/// A link to help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// The owner of the page, or its subject.
    pub description: String,
    /// The address.
    pub url: String,
}

/// A failed call: a canonical code, a reason from the enum of a package, and the details that a
/// person or a program needs to continue.
#[derive(Debug)]
pub struct Fault {
    code: Code,
    domain: &'static str,
    reason: &'static str,
    message: String,
    violations: Vec<Violation>,
    preconditions: Vec<Precondition>,
    help: Vec<Help>,
    metadata: HashMap<String, String>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// Returns a fault of a service. `reason` is the name of a value of its `ErrorReason`, with the
    /// prefix; `domain` is that of its package.
    pub fn new(
        code: Code,
        domain: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            domain,
            reason: reason.trim_start_matches("ERROR_REASON_"),
            message: message.into(),
            violations: Vec::new(),
            preconditions: Vec::new(),
            help: Vec::new(),
            metadata: HashMap::new(),
            retry_after: None,
            source: None,
        }
    }

    /// Returns a fault that any service may have.
    pub fn common(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self::new(code, COMMON_DOMAIN, reason.as_str_name(), message)
    }

    /// Returns the fault of a request with a field that breaks a rule.
    pub fn field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::wrong_field(
            ErrorReason::InvalidRequest,
            field.into(),
            description.into(),
        )
    }

    /// Returns the fault of a request with a wrong field, named in the message.
    pub fn wrong_field(reason: ErrorReason, field: String, description: String) -> Self {
        let message = broken_rule(&field, &description);
        Self::common(Code::InvalidArgument, reason, message)
            .with("field", &field)
            .violation(field, description)
    }

    /// Checks the field rules of a message that its method validates itself.
    ///
    /// # Errors
    /// The fault of a message that breaks any of them.
    pub fn inspect(message: &impl Inbound) -> Result<(), Box<Self>> {
        let mut violations = Violations::default();
        message.inspect(&Path::ROOT, &mut violations);
        let [first, rest @ ..] = violations.as_slice() else {
            return Ok(());
        };
        let first = Self::field(&first.field, first.description);
        let all = rest.iter().fold(first, |fault, broken| {
            fault.violation(&broken.field, broken.description)
        });
        Err(Box::new(all))
    }

    /// Returns the fault of a call without a valid credential.
    pub fn unauthenticated() -> Self {
        Self::common(
            Code::Unauthenticated,
            ErrorReason::Unauthenticated,
            "a valid credential is required: `authorization: Bearer KEY`",
        )
    }

    /// Returns the fault of a call that the caller may not make, or that names a missing resource:
    /// both get the same answer, byte for byte.
    pub fn denied() -> Self {
        Self::common(
            Code::PermissionDenied,
            ErrorReason::PermissionDenied,
            "the caller may not do this, or it does not exist",
        )
    }

    /// Returns the fault of a dependency that cannot be reached.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut fault = Self::common(
            Code::Unavailable,
            ErrorReason::DependencyUnavailable,
            "a required service or store cannot be reached",
        )
        .retry_after(UNAVAILABLE_RETRY_DELAY);
        fault.source = Some(Arc::from(source.into()));
        fault
    }

    /// Returns the fault of an overloaded service.
    pub fn overloaded() -> Self {
        Self::common(
            Code::ResourceExhausted,
            ErrorReason::Overloaded,
            "the service has more work than it can take",
        )
        .retry_after(OVERLOAD_RETRY_DELAY)
    }

    /// Returns the fault of a caller that has reached a limit per caller.
    pub fn caller_limit(limit: &'static str, most: usize) -> Self {
        Self::common(
            Code::ResourceExhausted,
            ErrorReason::CallerLimitReached,
            format!("the caller has reached its limit of {most} {limit} at a time"),
        )
        .with("limit", limit)
        .with("most", most.to_string())
        .retry_after(OVERLOAD_RETRY_DELAY)
    }

    /// Converts the fault to a `google.rpc` status message within a response.
    pub fn into_message(self) -> tonic_types::Status {
        let status = Status::from(self);
        report::report(&status, "", "");
        // The details are this message, encoded just above.
        tonic_types::Status::decode(status.details()).unwrap_or_default()
    }

    /// Returns the fault of a deadline that passed.
    pub fn deadline() -> Self {
        Self::common(
            Code::DeadlineExceeded,
            ErrorReason::DeadlineExceeded,
            "the deadline passed",
        )
    }

    /// Returns the fault of a defect of the service.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut fault = Self::common(
            Code::Internal,
            ErrorReason::Internal,
            "a defect of the service; the logs hold it under the request id",
        );
        fault.source = Some(Arc::from(source.into()));
        fault
    }

    /// Returns the reason: the name of a value of an `ErrorReason` without the prefix.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// Adds a field that breaks a rule.
    #[must_use]
    pub fn violation(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.violations.push(Violation {
            field: field.into(),
            description: description.into(),
        });
        self
    }

    /// Adds a condition that must be met first, with its subject.
    #[must_use]
    pub fn precondition(
        mut self,
        kind: &'static str,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.preconditions.push(Precondition {
            kind,
            subject: subject.into(),
            description: description.into(),
        });
        self
    }

    /// Adds a link to help, if there is one, before the page that explains the reason.
    #[must_use]
    pub fn help(mut self, help: Option<Help>) -> Self {
        self.help.extend(help);
        self
    }

    /// Adds the minimum delay before a retry.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Returns the canonical code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Adds a sentence to the message.
    #[must_use]
    pub fn saying(mut self, sentence: &str) -> Self {
        self.message = format!("{}; {sentence}", self.message);
        self
    }

    /// Adds the variable parts of the message, for programs.
    #[must_use]
    pub fn telling<V: Into<String>>(
        self,
        metadata: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let add = |fault: Self, (key, value)| fault.with(key, value);
        metadata.into_iter().fold(self, add)
    }

    /// Adds a detail for programs.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let mut details = ErrorDetails::with_error_info(fault.reason, fault.domain, fault.metadata);
        for violation in fault.violations {
            details.add_bad_request_violation(violation.field, violation.description);
        }
        for first in fault.preconditions {
            details.add_precondition_failure_violation(
                first.kind,
                first.subject,
                first.description,
            );
        }
        if fault.retry_after.is_some() {
            details.set_retry_info(fault.retry_after);
        }
        for link in fault.help {
            details.add_help_link(link.description, link.url);
        }
        details.add_help_link("meaning and remedy of this error", reason_url(fault.reason));
        let mut status = Self::with_error_details(fault.code, fault.message, details);
        if let Some(source) = fault.source {
            status.set_source(source);
        }
        status
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied => Self::denied(),
            Refused::Undecided(source) => Self::unavailable(source),
        }
    }
}

impl From<InvalidToken> for Fault {
    fn from(_: InvalidToken) -> Self {
        Self::wrong_field(
            ErrorReason::PageTokenInvalid,
            "page_token".to_owned(),
            "does not belong to this list".to_owned(),
        )
    }
}

impl Fault {
    /// Returns the fault of an update mask with a path that cannot be changed.
    pub fn immutable(path: &str) -> Self {
        Self::field("update_mask", format!("`{path}` cannot be changed"))
    }

    /// Returns the fault of a name of the wrong kind in `field`.
    pub fn name(field: &str, error: &InvalidName) -> Self {
        Self::field(field, error.to_string())
    }
}
