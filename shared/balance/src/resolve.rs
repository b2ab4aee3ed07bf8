//! Where the backends are.

use std::{future::Future, io, net::SocketAddr, pin::Pin};

/// The addresses of a host, when they are known.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a host. The client asks again and again: what is no longer there is
/// asked nothing more, what is new takes its share.
pub trait Resolve: Send + Sync {
    /// All addresses of a host and port.
    ///
    /// An error, or no address, leaves the addresses that were known.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dns;

impl Resolve for Dns {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
