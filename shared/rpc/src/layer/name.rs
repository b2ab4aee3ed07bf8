//! Names the calls that come without a name.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderValue, Request};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::{Uuid, fmt::Hyphenated};

/// Makes request ids: a random one for the process, and from there counted on. So no call pays
/// for random bytes from the operating system, and calls of one process stand side by side.
/// An id is a name and no secret.
#[derive(Debug, Clone)]
pub(crate) struct NameCall {
    first: Uuid,
    next: Arc<AtomicU64>,
}

impl NameCall {
    pub(crate) fn new() -> Self {
        Self {
            first: Uuid::now_v7(),
            next: Arc::default(),
        }
    }

    fn id(&self) -> Uuid {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u128(self.first.as_u128().wrapping_add(number.into()))
    }
}

impl MakeRequestId for NameCall {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let mut text = [0; Hyphenated::LENGTH];
        let id = self.id();
        let text = id.as_hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).ok().map(RequestId::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_calls_have_one_name() {
        let name = NameCall::new();
        let other = name.clone();
        assert_ne!(name.id(), other.id());
        assert_ne!(NameCall::new().id(), name.first);
    }
}
