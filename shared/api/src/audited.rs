//! What a request or a response names, for the audit log.

/// A request or a response of a method.
pub trait Audited: prost::Message {
    /// What it names: resources, and whose each is, where that is known. Either may be empty.
    fn named(&self) -> Vec<(&str, &str)>;

    /// The id under which the request can be repeated; empty for none.
    fn request_id(&self) -> &str;

    /// Names the change that the answer is to.
    fn set_consistency_token(&mut self, token: String) {
        let _ = token;
    }
}

#[allow(clippy::all, clippy::pedantic, unused_mut, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/audited.rs"));
}
