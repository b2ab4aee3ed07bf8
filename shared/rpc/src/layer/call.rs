//! What the layers find out about a call, one after the other. It travels in the extensions of
//! the request: one entry, because each costs an allocation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use api::MethodPolicy;
use authority::{Caller, RequestId};
use http::HeaderMap;
use uuid::Uuid;

/// The header that names a call.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// A call as far as it is known.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The policy of the method, if there is such a method.
    pub(crate) policy: Option<&'static MethodPolicy>,
    /// Names the call.
    pub(crate) id: RequestId,
    /// When it came.
    pub(crate) begin: Instant,
    /// When the caller stops waiting, once that is known.
    pub(crate) deadline: Instant,
    /// Who calls, once that is established.
    pub(crate) caller: Option<Caller>,
}

/// Names the calls that come without a name: a random number for the process, and from there
/// counted on. So no call pays for random bytes from the operating system, and calls of one
/// process stand side by side. An id is a name and no secret.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    first: u128,
    next: Arc<AtomicU64>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            first: Uuid::now_v7().as_u128(),
            next: Arc::default(),
        }
    }

    /// The name that a call brings, or a new one.
    pub(crate) fn name(&self, headers: &HeaderMap) -> RequestId {
        match headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
            Some(given) => RequestId::Given(given.into()),
            None => self.next(),
        }
    }

    fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId::Made(self.first.wrapping_add(number.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_calls_have_one_name() {
        let names = Names::new();
        let other = names.clone();
        assert_ne!(names.next(), other.next());
        assert_ne!(Names::new().next(), RequestId::Made(names.first));
    }

    #[test]
    fn a_call_that_brings_a_name_keeps_it() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, "theirs".parse().unwrap());
        assert_eq!(Names::new().name(&headers).to_string(), "theirs");
    }
}
