//! Requests that change something.

/// A request that can be repeated and that can be tried without effect.
pub trait Mutation: prost::Message {
    /// Returns the request id. The same id gives the same response for a day; empty for none.
    fn request_id(&self) -> &str;

    /// True if everything is to be checked and nothing changed.
    fn validate_only(&self) -> bool;
}

#[allow(clippy::all, clippy::pedantic, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mutations.rs"));
}
