//! Who calls, as the stack established it.

use std::time::Instant;

use api::MethodPolicy;
use base::Subject;

/// Who presented the credential of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Another service of this installation.
    Peer,
    /// An internal backend, or a person, by resource name.
    Subject(Subject),
}

/// What the stack knows of a call before its handler runs.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who calls.
    pub caller: Caller,
    /// What the method demands.
    pub policy: &'static MethodPolicy,
    /// Names the call in logs and traces, here and in the services that it leads to.
    pub request_id: String,
    /// When the caller stops waiting.
    pub deadline: Instant,
}
