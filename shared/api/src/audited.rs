//! The names in a request or a response, for the audit log.

/// A request or a response of a method.
pub trait Audited: prost::Message {
    /// Returns the named resources, each with its subject, if known. Either may be empty.
    fn named(&self) -> Vec<(&str, &str)>;

    /// Returns the id under which the request can be repeated; empty for none.
    fn request_id(&self) -> &str;

    /// Sets the token of the change that the response reports.
    fn set_consistency_token(&mut self, token: String) {
        let _ = token;
    }
}

#[allow(clippy::all, clippy::pedantic, unused_mut, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/audited.rs"));
}
