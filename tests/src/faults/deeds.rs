//! Single writes, for tests that measure one write at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use api::entitlement::v1::{CheckRequest, RevokeGrantRequest};

use super::{fleet::Fleet, random::Random, world};

impl Fleet {
    /// Returns a question about a user in the hot organization.
    pub fn question(user: usize) -> CheckRequest {
        world::question(user, &mut Random::new(0))
    }

    /// Grants a user access through the first replica. Returns the id of the grant.
    pub async fn give(&self, user: usize) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut grants = self.clients(0).grants();
        let made = grants.create_grant(world::grant(user, &id)).await;
        made.expect("a grant");
        id
    }

    /// Returns the request that revokes a grant.
    pub fn taking(id: &str) -> RevokeGrantRequest {
        RevokeGrantRequest {
            name: format!("organizations/{}/grants/{id}", world::ORGANIZATION),
            ..RevokeGrantRequest::default()
        }
    }
}
