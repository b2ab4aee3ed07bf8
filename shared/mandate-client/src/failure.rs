//! The failure of one try at one backend.

use std::time::{Duration, Instant};

use prost::Message;
use tonic::{Code, Status};

use crate::error::Error;

/// The failure of one try.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The backend refused.
    Refused(Box<Status>),
    /// The connection or the stream broke, or there is none.
    Broken(String),
    /// The backend has no `CheckStream`.
    Unsupported,
    /// The deadline passed.
    Late,
    /// Too many questions are pending already.
    Full,
    /// The client has ended.
    Closed,
}

impl Failure {
    /// Returns the failure of a whole stream.
    pub(crate) fn of_stream(status: Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::Unsupported,
            Code::Unauthenticated
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::InvalidArgument => Self::Refused(Box::new(status)),
            _ => Self::Broken(message(&status)),
        }
    }

    /// Returns the failure of one question of many.
    pub(crate) fn of_answer(status: &tonic_types::Status) -> Self {
        Self::Refused(Box::new(Status::with_details(
            Code::from_i32(status.code),
            status.message.clone(),
            status.encode_to_vec().into(),
        )))
    }

    /// Returns the failure of a unary call. tonic reports a broken connection as `UNKNOWN` as often
    /// as `UNAVAILABLE`; then the status has a source, which an answer of a service never has.
    pub(crate) fn of_call(status: Status) -> Self {
        let broken = std::error::Error::source(&status).is_some();
        match status.code() {
            Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled if broken => {
                Self::Broken(message(&status))
            }
            _ => Self::Refused(Box::new(status)),
        }
    }

    /// True if another backend, or the same one later, may succeed.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Refused(status) => status.code() == Code::Unavailable,
            Self::Broken(_) => true,
            Self::Unsupported | Self::Late | Self::Full | Self::Closed => false,
        }
    }

    /// Converts the failure to the error that the caller gets.
    pub(crate) fn into_error(self, begin: Instant) -> Error {
        let waited = || {
            let waited = begin.elapsed();
            Duration::from_micros(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX))
        };
        match self {
            Self::Refused(status) => Error::from_status(&status, waited()),
            Self::Broken(message) => Error::Unavailable { message },
            Self::Unsupported => Error::Unavailable {
                message: "the backend answers no streams".to_owned(),
            },
            Self::Late => Error::DeadlineExceeded { waited: waited() },
            Self::Full => Error::Overloaded {
                message: "the client has too many pending questions".to_owned(),
            },
            Self::Closed => Error::Unavailable {
                message: "the client has ended, or the runtime that it was built in".to_owned(),
            },
        }
    }
}

fn message(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = error.source();
    }
    text
}
