//! A small organization, and a client that queries it over TCP.

use std::time::Duration;

use api::entitlement::v1::{RevokeGrantRequest, RevokeGrantResponse};
use mandate_client::{Builder, Client, Question};
use tests::{Rig, Setting};

use crate::network::{Served, Wire, client, eventually};

const DOCUMENT: &str = "
applications:
  - id: desk
    display_name: Desk
    modules:
      - {id: billing, verbs: [view, edit]}
    roles:
      - {id: viewer, permissions: [desk.billing.view]}
service_accounts:
  - {id: desk-bot}
users:
  - {id: ann, login: ann, given_name: Ann}
  - {id: ben, login: ben, given_name: Ben}
  - {id: eva, login: eva, given_name: Eva}
  - {id: fay, login: fay, given_name: Fay}
organizations:
  - id: acme
    display_name: Acme
    entitlements: [{application: desk}]
    units:
      - {id: k1, display_name: North}
      - {id: k2, display_name: South}
    resources:
      - {id: n1, type: number, unit: k1}
      - {id: n2, type: number, unit: k2}
    memberships:
      - {user: ann, grants: [{id: ann, role: desk.viewer, scope: ALL}]}
      - {user: ben, grants: [{id: ben, role: desk.viewer, scope: {units: [k1]}}]}
      - {user: eva, grants: []}
      - {user: fay, grants: [{id: fay, role: desk.viewer, scope: ALL, condition: context.network == 'office'}]}
  - id: else
    display_name: Elsewhere
    entitlements: [{application: desk}]
    units:
      - {id: k1, display_name: North}
    memberships:
      - {user: eva, grants: [{id: eva, role: desk.viewer, scope: ALL}]}
";

/// Every user and location of the world, an unknown user and an unknown location.
const USERS: [&str; 4] = ["ann", "ben", "eva", "nobody"];
const PLACES: [&str; 8] = [
    "acme",
    "acme/units/k1",
    "acme/units/k2",
    "acme/resources/n1",
    "acme/resources/n2",
    "acme/units/nowhere",
    "else",
    "else/units/k1",
];

/// An installation on a port: `ann` may view all bills of `acme`, `ben` those of unit `k1`, `eva`
/// those of `else`, and `fay` all bills of `acme` with the network `office`.
pub struct World {
    pub rig: Rig,
    /// The proxy between the clients and the service.
    pub wire: Wire,
    _served: Served,
}

impl World {
    pub async fn start(setting: Setting) -> Self {
        Self::on(Rig::start(setting).await).await
    }

    pub async fn on(rig: Rig) -> Self {
        rig.apply(DOCUMENT).await;
        let granted = [
            ("ann", "acme"),
            ("ben", "acme/resources/n1"),
            ("eva", "else/units/k1"),
        ];
        for (user, place) in granted {
            let Question {
                subject,
                permission,
                resource,
                ..
            } = view(user, place);
            eventually("the feeds have arrived", async || {
                rig.allows(&subject, &permission, &resource).await
            })
            .await;
        }
        let served = Served::start(rig.service()).await;
        let wire = Wire::to(served.address).await;
        Self {
            rig,
            wire,
            _served: served,
        }
    }

    /// Returns a builder of a client with all permissions.
    pub fn client(&self) -> Builder {
        client(self.wire.url()).key(self.rig.secrets().root.clone())
    }

    /// Returns a client with all permissions that also reads Redis.
    pub fn reader(&self, redis: &str) -> Client {
        let namespace = self.rig.secrets().sealer.namespace(entitlement::DECISIONS);
        let client = self.client().decisions_in_redis(redis, namespace);
        client.timeout(Duration::from_secs(3)).build().unwrap()
    }

    pub async fn revoke(&self, grant: &str) -> RevokeGrantResponse {
        let request = RevokeGrantRequest {
            name: format!("organizations/acme/grants/{grant}"),
            ..RevokeGrantRequest::default()
        };
        let revoked = self.rig.root().grants().revoke_grant(request).await;
        revoked.unwrap().into_inner()
    }

    /// Asks all questions concurrently, and compares the answers with `Check`.
    pub async fn compare(&self, client: &Client) {
        let mut asked = tokio::task::JoinSet::new();
        for question in questions() {
            let client = client.clone();
            asked.spawn(async move {
                let answered = client.check(&question).await;
                (question, answered)
            });
        }
        let mut allowed = 0;
        while let Some(answered) = asked.join_next().await {
            let (question, answered) = answered.unwrap();
            let decision = answered.unwrap_or_else(|error| panic!("{question:?}: {error}"));
            let Question {
                subject,
                permission,
                resource,
                ..
            } = &question;
            let expected = self.rig.decide(subject, permission, resource).await;
            assert_eq!(decision.reason(), expected.reason(), "{question:?}");
            assert_eq!(decision.grant().unwrap_or_default(), expected.grant);
            allowed += usize::from(decision.is_allowed());
        }
        assert!(allowed >= 5, "{allowed} were allowed");
    }
}

/// Returns all questions about the world.
pub fn questions() -> Vec<Question> {
    let pairs = USERS
        .iter()
        .flat_map(|user| PLACES.map(|place| (user, place)));
    pairs.map(|(user, place)| view(user, place)).collect()
}

/// Returns the question whether a user may view the bills of a location, given as `acme/units/k1`.
pub fn view(user: &str, place: &str) -> Question {
    Question::new(
        format!("users/{user}"),
        "desk.billing.view",
        format!("organizations/{place}"),
    )
}
