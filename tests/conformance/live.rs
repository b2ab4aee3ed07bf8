//! The reader on a Redis with decisions of the product.

use std::time::{Duration, Instant};

use api::entitlement::v1::RevokeGrantRequest;
use tests::{Rig, Setting, faults::RedisServer};

use super::reader;

const DOCUMENT: &str = "
applications:
  - id: desk
    display_name: Desk
    modules:
      - {id: billing, verbs: [view]}
    roles:
      - {id: viewer, permissions: [desk.billing.view]}
users:
  - {id: ann, login: ann, given_name: Ann}
  - {id: ben, login: ben, given_name: Ben}
organizations:
  - id: acme
    display_name: Acme
    entitlements: [{application: desk}]
    units:
      - {id: k1, display_name: North}
    resources:
      - {id: '+324-1', type: number, unit: k1}
    memberships:
      - {user: ann, grants: [{id: ann, role: desk.viewer, scope: ALL}]}
      - {user: ben, grants: []}
";
const PERMISSION: &str = "desk.billing.view";
const PLACE: &str = "organizations/acme/resources/+324-1";
/// The lease.
const LEASE: Duration = Duration::from_secs(1);
/// Maximum wait on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Filled {
    redis: RedisServer,
    rig: Rig,
}

impl Filled {
    async fn start() -> Self {
        let redis = RedisServer::start();
        let rig = Rig::with_redis(Setting::Postgres, redis.url()).await;
        rig.apply(DOCUMENT).await;
        Self { redis, rig }
    }

    fn read(&self, subject: &str) -> String {
        let port = self.redis.port().to_string();
        let sealer = &self.rig.secrets().sealer;
        let namespace = sealer.namespace(entitlement::DECISIONS);
        reader(&["read", &port, &namespace, subject, PERMISSION, PLACE])
    }

    /// Queries the service until the reader returns the expected result.
    async fn comes_to(&self, subject: &str, expected: &str) {
        let begin = Instant::now();
        loop {
            self.rig.decide(subject, PERMISSION, PLACE).await;
            let said = self.read(subject);
            if said == expected {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{subject}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_written_from_the_page_says_what_the_service_says_and_no_longer_than_the_lease() {
    let filled = Filled::start().await;
    filled.comes_to("users/ann", "use ALLOW").await;
    filled.comes_to("users/ben", "use DENY").await;
    assert_eq!(filled.read("users/nobody"), "ask", "never asked");
    let request = RevokeGrantRequest {
        name: "organizations/acme/grants/ann".to_owned(),
        ..RevokeGrantRequest::default()
    };
    let revoked = filled.rig.root().grants().revoke_grant(request).await;
    revoked.unwrap();
    // The reader may begin before the lease ends, and answer after it.
    let begin = Instant::now();
    loop {
        let asked = begin.elapsed();
        let said = filled.read("users/ann");
        if said != "use ALLOW" {
            break;
        }
        assert!(asked < LEASE, "allowed after the lease");
    }
    filled.comes_to("users/ann", "use DENY").await;
}
