//! The requirements of each method on its caller, from the options in the protobuf files.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;

/// The policy of one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodPolicy {
    /// The path of the method, `/package.Service/Method`.
    pub path: &'static str,
    /// The permitted callers.
    pub access: Access,
    /// True if the caller's session must have been stepped up recently.
    pub step_up: bool,
    /// The audit kind of a call.
    pub audit: AuditKind,
    /// The amount of work of a call.
    pub work: Work,
    /// True if the response is a stream.
    pub streams: bool,
}

/// The amount of work of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One question.
    One,
    /// A change, which waits for a slot of its caller.
    Change,
    /// Many questions.
    Batch,
    /// A search through the facts of an organization.
    Scan,
}

/// The permitted callers of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Holders of this management permission.
    Permission(&'static str),
    /// The listed other services of the installation.
    Peer(&'static [Peer]),
}

/// A service of an installation, as the others see it.
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

    /// Returns the name of the service.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Membership => "membership",
            Self::Entitlement => "entitlement",
        }
    }
}

/// The kind of a method in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditKind {
    /// Not recorded.
    None,
    /// A read that is recorded.
    Read,
    /// A change of an ordinary kind.
    Write,
    /// A change of access.
    Access,
}

/// Every method of the interface, ordered by path.
pub static METHODS: &[MethodPolicy] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Returns the policy of the method with a path.
#[must_use]
pub fn policy_of(path: &str) -> Option<&'static MethodPolicy> {
    static POLICIES: LazyLock<HashMap<&str, &MethodPolicy, FixedState>> =
        LazyLock::new(|| METHODS.iter().map(|policy| (policy.path, policy)).collect());
    POLICIES.get(path).copied()
}
