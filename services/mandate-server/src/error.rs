//! Errors of the running of servers.

use std::{error::Error, fmt::Write};

/// An error of the running of servers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Something is missing, contradictory or wrong in the settings.
    #[error("{0}")]
    Usage(String),
    /// Something cannot be read, written, reached or used.
    #[error("{0}")]
    Failed(String),
}

impl ServerError {
    /// Something is missing, contradictory or wrong in the settings.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Something cannot be read, written, reached or used.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// An error with its causes, on one line.
    pub(crate) fn from_error(error: impl Error) -> Self {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {cause}");
            next = cause.source();
        }
        Self::Failed(text)
    }
}
