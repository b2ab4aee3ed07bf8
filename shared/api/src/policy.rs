//! What each method demands of its caller, from the options in the protobuf files.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;

/// The policy of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodPolicy {
    /// The path of the method, `/package.Service/Method`.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Whether the caller's session must have been stepped up recently.
    pub step_up: bool,
    /// How the audit log records a call.
    pub audit: AuditKind,
    /// How much work a call is.
    pub work: Work,
    /// Whether it is answered with a stream.
    pub streams: bool,
}

/// How much work a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One question.
    One,
    /// A change, which is made in turn with others.
    Change,
    /// Many questions.
    Batch,
    /// A search through the facts of an organization.
    Scan,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Who holds this management permission.
    Permission(&'static str),
    /// These of the other services of the installation.
    Peer(&'static [Peer]),
}

/// A service of an installation, as the others know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Identity.
    Identity,
    /// Membership.
    Membership,
    /// Entitlement.
    Entitlement,
}

impl Peer {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Membership, Self::Entitlement];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Membership => "membership",
            Self::Entitlement => "entitlement",
        }
    }
}

/// How the audit log records a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditKind {
    /// Not recorded.
    None,
    /// A read that is recorded.
    Read,
    /// A change of an ordinary kind.
    Write,
    /// A change of who may do what.
    Access,
}

/// Every method of the interface, ordered by path.
pub static METHODS: &[MethodPolicy] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// The policy of the method of a path.
#[must_use]
pub fn policy_of(path: &str) -> Option<&'static MethodPolicy> {
    static POLICIES: LazyLock<HashMap<&str, &MethodPolicy, FixedState>> =
        LazyLock::new(|| METHODS.iter().map(|policy| (policy.path, policy)).collect());
    POLICIES.get(path).copied()
}
