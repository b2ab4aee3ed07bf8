//! Derived ids.

use std::fmt::Write;

use aws_lc_rs::digest::{Context, SHA256, digest};
use prost::Message;
use uuid::Uuid;

use crate::document::{GrantEntry, MembershipEntry};

/// Maximum length of an id.
const MAX_ID_LENGTH: usize = 63;
/// Length of the hash that distinguishes two long ids.
const HASH_SUFFIX_BYTES: usize = 4;

/// Returns the id of a grant: its own, or `{member}-{application}-{role}`. An id that is too long
/// ends in a hash of the whole.
pub fn grant_id(membership: &MembershipEntry, grant: &GrantEntry) -> String {
    if let Some(id) = grant.id.get() {
        return id.to_owned();
    }
    let member = membership
        .user
        .get()
        .unwrap_or_else(|| membership.service_account.as_str());
    let role = grant.role.as_str().replace(['.', ':'], "-");
    shorten(format!("{member}-{role}"))
}

fn shorten(id: String) -> String {
    if id.len() <= MAX_ID_LENGTH {
        return id;
    }
    let hash = hex(digest(&SHA256, id.as_bytes()).as_ref(), HASH_SUFFIX_BYTES);
    let kept: String = id.chars().take(MAX_ID_LENGTH - 1 - hash.len()).collect();
    format!("{}-{hash}", kept.trim_end_matches('-'))
}

/// Derives the request ids of one run. An id depends on the request and on the run: repeating a
/// call within the run gives the same answer, and a later run, which has read the state again,
/// never gets the answer of an earlier one for an entity deleted since.
#[derive(Debug, Clone)]
pub(super) struct RequestIds {
    run: Uuid,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::now_v7(),
        }
    }

    /// Returns the id of a call, from its method and its request, which has no id yet.
    pub(super) fn id(&self, method: &str, request: &impl Message) -> String {
        let mut context = Context::new(&SHA256);
        context.update(self.run.as_bytes());
        context.update(method.as_bytes());
        context.update(&request.encode_to_vec());
        hex(context.finish().as_ref(), 16)
    }
}

fn hex(bytes: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(2 * length);
    for byte in bytes.iter().take(length) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use api::identity::v1::CreateUserRequest;

    use super::*;

    #[test]
    fn a_short_id_stays_and_a_long_one_ends_in_a_hash_of_the_whole() {
        assert_eq!(shorten("jan-fleet-viewer".to_owned()), "jan-fleet-viewer");
        assert_eq!(shorten("a".repeat(63)), "a".repeat(63));
        let long = shorten("a".repeat(64));
        assert_eq!(long.len(), 63);
        assert_ne!(long, shorten("a".repeat(65)));
        assert!(!shorten(format!("{}-{}", "a".repeat(53), "b".repeat(20))).contains("--"));
    }

    #[test]
    fn a_request_id_follows_from_method_content_and_run() {
        let request = |id: &str| CreateUserRequest {
            user_id: id.to_owned(),
            ..CreateUserRequest::default()
        };
        let ids = RequestIds::new();
        let id = ids.id("CreateUser", &request("jan"));
        assert_eq!(id, ids.id("CreateUser", &request("jan")));
        assert_ne!(id, ids.id("CreateUser", &request("mia")));
        assert_ne!(id, ids.id("Other", &request("jan")));
        assert_ne!(id, RequestIds::new().id("CreateUser", &request("jan")));
        assert!(id.len() <= 64);
    }
}
