//! The caller, as the stack established it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use api::{AuditKind, MethodPolicy, Peer};
use types::{Subject, UnixTime};

/// The presenter of a call's credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Another service of this installation.
    Peer(Peer),
    /// An internal backend, or a person.
    Subject(Arc<Account>),
}

/// An authenticated subject. Shared: each call has one.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    /// The subject.
    pub subject: Subject,
    /// Its resource name.
    pub name: Box<str>,
    /// The id of the credential; a stream ends when it is no longer valid. Empty if authentication
    /// is waived.
    pub credential: Box<str>,
    /// The expiry of the proof, if it is earlier than that of the credential: the expiry of a
    /// token.
    pub until: Option<UnixTime>,
}

impl Account {
    /// Returns a subject that a credential proved.
    pub fn new(subject: Subject, credential: &str) -> Arc<Self> {
        let name = subject.to_string().into();
        Arc::new(Self {
            subject,
            name,
            credential: credential.into(),
            until: None,
        })
    }

    /// Returns the same account, proved until a given time.
    pub fn until(&self, moment: UnixTime) -> Arc<Self> {
        Arc::new(Self {
            subject: self.subject.clone(),
            name: self.name.clone(),
            credential: self.credential.clone(),
            until: Some(moment),
        })
    }
}

/// The name of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// A name that the caller chose.
    Given(Arc<str>),
    /// A number that the service chose; written in hexadecimal.
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

/// Facts about a call that the stack knows before its handler runs.
#[derive(Debug, Clone)]
pub struct Context {
    /// The caller.
    pub caller: Caller,
    /// The requirements of the method.
    pub policy: &'static MethodPolicy,
    /// Names the call in logs and traces, here and in the services that it calls.
    pub request_id: RequestId,
    /// The time at which the caller stops waiting.
    pub deadline: Instant,
    /// The service that calls on behalf of the caller, if the caller does not call itself.
    pub through: Option<Peer>,
    /// The authority's findings for the audit log; `None` for methods that are not recorded.
    pub trail: Option<Arc<OnceLock<Basis>>>,
}

impl Context {
    /// Returns the same call as a call of another method, by a possibly different caller, whose
    /// permissions and audit records then apply.
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

/// The audit context of a call: facts about it besides its effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// The id of the organization whose log records the call.
    pub organization: String,
    /// The grant that permits the call; empty if the caller may not.
    pub grant: String,
    /// The granter.
    pub granted_by: String,
    /// The name of the service that called on behalf of the caller; empty if the caller called.
    pub through: &'static str,
    /// The name of the call.
    pub call_id: String,
}
