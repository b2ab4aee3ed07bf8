//! Resolution of the names of backends.

use std::{future::Future, io, net::SocketAddr, pin::Pin};

/// The future addresses of a host.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a host. The client asks repeatedly: it stops using addresses that are
/// gone, and shares its calls with new ones.
pub trait Resolve: Send + Sync {
    /// Returns all addresses of a host and port.
    ///
    /// After an error, or without any address, the client keeps the known addresses.
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
