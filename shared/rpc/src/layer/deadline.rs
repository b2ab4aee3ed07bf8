//! Ends a call at the caller's deadline, or at the service's own if that is earlier.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::Map};
use tokio::time::{Timeout, error::Elapsed, timeout_at};
use tonic::Status;
use tower::{Layer, Service};

use super::{Request, Response, call::Call};
use crate::fault::Fault;

/// Ends calls at their deadline. A deadline limits the time to the response; a stream that has
/// begun continues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeadlineLayer {
    pub(crate) longest: Duration,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = WithDeadline<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithDeadline {
            longest: self.longest,
            inner,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct WithDeadline<S> {
    longest: Duration,
    inner: S,
}

type Answer = Result<Response, Infallible>;

impl<S> Service<Request> for WithDeadline<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Map<Timeout<S::Future>, fn(Result<Answer, Elapsed>) -> Answer>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let asked = request
            .headers()
            .get("grpc-timeout")
            .and_then(|value| parse(value.to_str().ok()?));
        let wait = asked.map_or(self.longest, |asked| asked.min(self.longest));
        let deadline = match request.extensions_mut().get_mut::<Call>() {
            Some(call) => {
                call.deadline = call.begin + wait;
                call.deadline
            }
            None => Instant::now() + wait,
        };
        timeout_at(deadline.into(), self.inner.call(request)).map(answer)
    }
}

fn answer(answered: Result<Answer, Elapsed>) -> Answer {
    answered.unwrap_or_else(|_| Ok(Status::from(Fault::deadline()).into_http()))
}

/// Parses a `grpc-timeout`: at most 8 digits and a unit.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>
fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            parse("99999999H"),
            Some(Duration::from_secs(359_999_996_400))
        );
        for value in ["", "m", "1", "1x", "-1S", "+1S", "999999999S", "1é"] {
            assert_eq!(parse(value), None, "{value:?}");
        }
    }
}
