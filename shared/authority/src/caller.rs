//! Who calls, as the stack established it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use api::{AuditKind, MethodPolicy, Peer};
use base::{Millis, Subject};

/// Who presented the credential of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Another service of this installation.
    Peer(Peer),
    /// An internal backend, or a person.
    Subject(Arc<Account>),
}

/// A subject that has proved who it is. Shared: each call has one.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// Who it is.
    pub subject: Subject,
    /// Its resource name.
    pub name: Box<str>,
    /// The id of what proved it; a stream ends when that is no longer valid. Empty where proof is
    /// waived.
    pub credential: Box<str>,
    /// When the proof ends, where that is sooner than the credential does: that of a token.
    pub until: Option<Millis>,
}

impl Account {
    /// A subject that a credential proved.
    pub fn new(subject: Subject, credential: &str) -> Arc<Self> {
        let name = subject.to_string().into();
        Arc::new(Self {
            subject,
            name,
            credential: credential.into(),
            until: None,
        })
    }

    /// The same, proved until a moment.
    pub fn until(&self, moment: Millis) -> Arc<Self> {
        Arc::new(Self {
            subject: self.subject.clone(),
            name: self.name.clone(),
            credential: self.credential.clone(),
            until: Some(moment),
        })
    }
}

/// What names a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// A name that the caller gave.
    Given(Arc<str>),
    /// A number that the service gave; written in hexadecimal.
    Made(u128),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Made(number) => write!(f, "{number:032x}"),
        }
    }
}

/// What the stack knows of a call before its handler runs.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who calls.
    pub caller: Caller,
    /// What the method demands.
    pub policy: &'static MethodPolicy,
    /// Names the call in logs and traces, here and in the services that it leads to.
    pub request_id: RequestId,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// The service that calls for the caller, if it is not the caller who does.
    pub through: Option<Peer>,
    /// What the authority finds out, for the audit log; nothing for methods that it does not
    /// record.
    pub trail: Option<Arc<OnceLock<Basis>>>,
}

impl Context {
    /// The same call as one of another method, by somebody who may be another than who calls: what
    /// it then may and what is recorded of it are theirs.
    #[must_use]
    pub fn on_behalf_of(&self, caller: Caller, policy: &'static MethodPolicy) -> Self {
        let through = match self.caller {
            Caller::Peer(peer) => Some(peer),
            Caller::Subject(_) => self.through,
        };
        Self {
            caller,
            policy,
            through,
            trail: (policy.audit != AuditKind::None).then(Arc::default),
            ..self.clone()
        }
    }
}

/// What the audit log says of a call besides what it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// The id of the organization in whose log the call is.
    pub organization: String,
    /// The grant by which the caller may; empty if it may not.
    pub grant: String,
    /// Who gave the grant.
    pub granted_by: String,
    /// The name of the service that called for the caller; empty if the caller called.
    pub through: &'static str,
    /// Names the call.
    pub call_id: String,
}
