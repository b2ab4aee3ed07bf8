//! Derived ids of grants.

use aws_lc_rs::digest::{SHA256, digest};

use super::{GrantEntry, MembershipEntry};
use crate::hex::hex;

/// Maximum length of an id.
const MAX_ID_LENGTH: usize = 63;
/// Length of the hash that distinguishes two long ids.
const HASH_SUFFIX_BYTES: usize = 4;

/// Returns the id of a grant: its own, or `{member}-{application}-{role}`. An id that is too long
/// ends in a hash of the whole.
pub(crate) fn grant_id(membership: &MembershipEntry, grant: &GrantEntry) -> String {
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

#[cfg(test)]
mod tests {
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
}
