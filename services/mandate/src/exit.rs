//! How a command ends.

use std::{error::Error, fmt::Write, process::ExitCode};

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or allowed. Also when there was nothing to do, and for a denial that was only
    /// asked about.
    Done = 0,
    /// 1: a call was refused or went wrong, or the answer could not be written.
    Failed = 1,
    /// 2: the arguments, the contexts file or a document is wrong.
    Usage = 2,
    /// 3: denied, with `--error-on-deny`; or previewed, and not to be given so.
    Denied = 3,
    /// 4: a service cannot be reached.
    Unreachable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What to tell the user; may have several lines, and may be empty when everything has been
    /// said.
    pub message: String,
    /// Whether a service said that the caller may not, or that what is named does not exist.
    pub denied: bool,
}

impl Failure {
    /// A call was refused or went wrong.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Something went wrong, with its causes.
    pub fn from_error(error: impl Error) -> Self {
        Self::failed(causes(&error))
    }

    /// What the user gave is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Denied, and the answer has been shown.
    pub fn denied() -> Self {
        Self::new(Exit::Denied, "")
    }

    /// A service cannot be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// What the user gave is wrong, with the causes.
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

/// An error and what it comes from, in one line.
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
