//! The state of a call that the layers fill in one after the other. It travels in the extensions of
//! the request as one entry, because each entry costs an allocation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use api::{AuditKind, MethodPolicy};
use authz::{Caller, Context, RequestId};
use http::{Extensions, HeaderMap};
use uuid::Uuid;

/// The header that names a call.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// The state of a call so far.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The policy of the method, if the method exists.
    pub(crate) policy: Option<&'static MethodPolicy>,
    /// The name of the call.
    pub(crate) id: RequestId,
    /// The time of its arrival.
    pub(crate) begin: Instant,
    /// The time at which the caller stops waiting, once it is known.
    pub(crate) deadline: Instant,
    /// The caller, once it is established.
    pub(crate) caller: Option<Caller>,
}

/// Takes the context of a call from the extensions of its request. Returns `None` if the handler runs
/// without the stack: the call is then not authorized.
pub fn take_context(extensions: &mut Extensions) -> Option<Context> {
    let call = extensions.remove::<Call>()?;
    let policy = call.policy?;
    Some(Context {
        caller: call.caller?,
        policy,
        request_id: call.id,
        deadline: call.deadline,
        through: None,
        trail: (policy.audit != AuditKind::None).then(Arc::default),
    })
}

/// Names the calls that arrive without a name: a random number for each process, incremented from
/// there. So no call pays for random bytes from the operating system, and calls of one process sort
/// together. An id is a name, not a secret.
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

    /// Returns the name that a call brings, or a new one.
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
