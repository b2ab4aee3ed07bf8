//! The result of a command.

use std::{error::Error, fmt::Write, process::ExitCode};

use mandate_documents::{apply::ApplyError, document::Problem};
use mandate_server::ServerError;

/// The meaning of an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or allowed. Also if there was nothing to do, and for a denial without
    /// `--error-on-deny`.
    Done = 0,
    /// 1: a call was refused or failed, or the output could not be written.
    Failed = 1,
    /// 2: the arguments, the contexts file or a document is wrong.
    Usage = 2,
    /// 3: denied, with `--error-on-deny`; or a preview of changes that cannot be made.
    Denied = 3,
    /// 4: a service is unreachable.
    Unreachable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The failure of a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The message for the user; may have several lines, and is empty if everything has been
    /// printed.
    pub message: String,
    /// True if a service denied the call: the caller may not make it, or the entity does not exist.
    pub denied: bool,
}

impl Failure {
    /// A call was refused or failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// An error with its causes.
    pub fn from_error(error: impl Error) -> Self {
        Self::failed(causes(&error))
    }

    /// The input of the user is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A denial; the answer has been printed.
    pub fn denied() -> Self {
        Self::new(Exit::Denied, "")
    }

    /// A service is unreachable.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// The input of the user is wrong, with the causes of the error.
    pub fn usage_error(error: impl Error) -> Self {
        Self::usage(causes(&error))
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            denied: false,
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let lines = |problems: &[Problem]| {
            let first = std::iter::once(format!("{error}:"));
            let lines: Vec<String> = first
                .chain(problems.iter().map(ToString::to_string))
                .collect();
            lines.join("\n")
        };
        match &error {
            ApplyError::Invalid(problems) => Self::usage(lines(problems)),
            ApplyError::Refused(problems) => Self::failed(lines(problems)),
            ApplyError::Stopped(stop) => Self::failed(lines(&stop.problems)),
            ApplyError::Call(call) => Self::failed(call.describe()),
            ApplyError::Cancelled => Self::from_error(error),
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Usage(message) => Self::usage(message),
            ServerError::Failed(message) => Self::failed(message),
        }
    }
}

/// Formats an error and its causes on one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_those_of_the_help() {
        let codes = [
            (Failure::failed("").exit, 1),
            (Failure::usage("").exit, 2),
            (Failure::denied().exit, 3),
            (Failure::unreachable("").exit, 4),
            (Exit::Done, 0),
        ];
        for (exit, code) in codes {
            assert_eq!(exit as u8, code);
        }
    }
}
