//! The interface of Mandate as generated from `proto/`: messages, clients, servers, the rules of
//! the fields and the policies of the methods. Only the codec that enforces the rules is written by
//! hand.

mod audited;
mod codec;
mod help;
mod inbound;
mod mutation;
mod policy;
mod shape;

pub use audited::Audited;
pub use codec::{INVALID_REQUEST, broken_rule};
pub use help::{
    DEFAULT_HELP_BASE, InvalidHelpBase, help_url, parse_help_base, reason_url, set_help_base,
};
pub use inbound::{Inbound, Path, Violation, Violations};
pub use mutation::Mutation;
pub use policy::{Access, AuditKind, METHODS, MethodPolicy, Peer, Work, policy_of};
pub use shape::Shape;

/// Every protobuf file of the interface with its imports, comments and options, as an encoded
/// `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Types that all services share.
pub mod common {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("mandate.common.v1");
    }
}

/// Users, service accounts and their keys.
pub mod identity {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("mandate.identity.v1");
    }
}

/// Organizations and their members.
pub mod membership {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("mandate.membership.v1");
    }
}

/// The catalog, grants and decisions.
pub mod entitlement {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("mandate.entitlement.v1");
    }
}
