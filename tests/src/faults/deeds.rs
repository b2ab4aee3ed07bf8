//! Single writes, for those who measure one at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use api::entitlement::v1::{CheckRequest, RevokeGrantRequest};

use super::{fleet::Fleet, random::Random, world};

impl Fleet {
    /// The question about a user in the organization that everybody asks about.
    pub fn question(user: usize) -> CheckRequest {
        world::question(user, &mut Random::new(0))
    }

    /// Gives a user a grant through the first replica, and returns its id.
    pub async fn give(&self, user: usize) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut grants = self.clients(0).grants();
        let made = grants.create_grant(world::grant(user, &id)).await;
        made.expect("a grant");
        id
    }

    /// The call that takes a grant away.
    pub fn taking(id: &str) -> RevokeGrantRequest {
        RevokeGrantRequest {
            name: format!("organizations/{}/grants/{id}", world::ORGANIZATION),
            ..RevokeGrantRequest::default()
        }
    }
}
