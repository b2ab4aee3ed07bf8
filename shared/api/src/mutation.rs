//! Requests that change something.

/// A request that can be repeated and that can be tried without effect.
pub trait Mutation: prost::Message {
    /// The same id gives the same answer for a day; empty for none.
    fn request_id(&self) -> &str;

    /// Whether everything is checked and nothing changed.
    fn validate_only(&self) -> bool;
}

#[allow(clippy::all, clippy::pedantic, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mutations.rs"));
}
