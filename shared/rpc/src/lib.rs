//! The gRPC stack that every service is built from: layers, errors, channels, servers.

mod balanced;
mod channel;
mod fault;
mod layer;
mod limits;
mod peer_door;
mod report;
mod server;
mod service;
mod share;
mod stack;
mod steer;
mod tools;

pub use channel::{Channel, PeerChannel, in_process, over_tcp};
pub use fault::{Fault, Help, Violation};
pub use layer::authenticate::{Authentication, Authenticator, Credential};
pub use layer::call::take_context;
pub use layer::unread::unread;
pub use limits::Limits;
pub use peer_door::{
    InvalidPeerKey, PeerDigest, PeerKey, PeerTls, in_process_as, over_tcp_as, peer_door,
};
pub use report::report;
pub use server::{Listener, TlsFiles, serve};
pub use service::{GrpcService, Routes};
pub use share::Slots;
pub use stack::stack;
pub use steer::{PackageRoute, steer};
pub use tools::{Readiness, ReflectionError, with_tools};
