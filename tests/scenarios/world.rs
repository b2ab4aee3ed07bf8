//! A small organization for one test.

use api::entitlement::v1::{
    CheckRequest, Decision, DecisionReason, Grant, RevokeGrantRequest, RevokeGrantResponse, Scope,
};
use tests::Rig;

/// `$` stands for the name of the world, so that two worlds in one installation share nothing.
pub const DOCUMENT: &str = "
applications:
  - id: $
    display_name: Desk
    modules:
      - {id: billing, verbs: [view, edit]}
      - {id: reports, verbs: [view]}
    roles:
      - {id: viewer, permissions: [$.billing.view]}
      - {id: editor, permissions: [$.billing.edit, $.reports.view]}
service_accounts:
  - {id: $-bot}
users:
  - {id: $-ann, login: $.ann, given_name: Ann}
  - {id: $-ben, login: $.ben, given_name: Ben}
  - {id: $-cas, login: $.cas, given_name: Cas}
  - {id: $-dan, login: $.dan, given_name: Dan}
  - {id: $-eva, login: $.eva, given_name: Eva}
  - {id: $-fay, login: $.fay, given_name: Fay}
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: $}]
    units:
      - {id: k1, display_name: North}
      - {id: k1a, display_name: Port, parent: k1}
      - {id: k2, display_name: South}
    resources:
      - {id: n1, type: number, unit: k1}
      - {id: n2, type: number, unit: k1a}
      - {id: n3, type: number, unit: k2}
      - {id: n4, type: number, unit: k2}
    memberships:
      - {user: $-ann, grants: [{id: ann, role: $.viewer, scope: ALL}]}
      - {user: $-ben, grants: [{id: ben, role: $.viewer, scope: {units: [k1]}}]}
      - {user: $-cas, grants: [{id: cas, role: $.viewer, scope: {resources: [n3]}}]}
      - {user: $-dan, grants: [{id: dan, role: $.viewer, scope: {units: [k1], resources: [n3]}}]}
      - {user: $-eva, grants: []}
      - {service_account: $-bot, grants: [{id: bot, role: $.viewer, scope: ALL}]}
  - id: $-else
    display_name: Elsewhere
    entitlements: [{application: $}]
    units:
      - {id: k1, display_name: North}
      - {id: k7, display_name: Far}
";

/// An organization with a unit tree, the members `ann` (all), `ben` (unit `k1`), `cas` (resource
/// `n3`), `dan` (both), `eva` (nothing), and the service account `bot` (all); `fay` is not a
/// member.
pub struct World<'r> {
    pub rig: &'r Rig,
    id: &'static str,
}

impl<'r> World<'r> {
    /// Applies the world to an installation, which must not have one of this name.
    pub async fn load(rig: &'r Rig, id: &'static str) -> Self {
        rig.claim(id);
        rig.apply(&DOCUMENT.replace('$', id)).await;
        crate::feeds::heard(rig).await;
        Self { rig, id }
    }

    /// Returns the names for entities that a test has applied itself.
    pub fn named(rig: &'r Rig, id: &'static str) -> Self {
        Self { rig, id }
    }

    /// Returns the same world, queried through another replica.
    pub fn seen_by<'o>(&self, rig: &'o Rig) -> World<'o> {
        World { rig, id: self.id }
    }

    pub fn user(&self, user: &str) -> String {
        format!("users/{}-{user}", self.id)
    }

    pub fn bot(&self) -> String {
        format!("serviceAccounts/{}-bot", self.id)
    }

    pub fn organization(&self) -> String {
        format!("organizations/{}", self.id)
    }

    /// Returns the name of an entity in the organization, given as `units/k1`.
    pub fn at(&self, place: &str) -> String {
        format!("{}/{place}", self.organization())
    }

    pub fn membership(&self, user: &str) -> String {
        self.at(&format!("memberships/{}-{user}", self.id))
    }

    pub fn application(&self) -> String {
        format!("applications/{}", self.id)
    }

    pub fn permission(&self, verb: &str) -> String {
        format!("{}.{verb}", self.id)
    }

    pub fn role(&self, role: &str) -> String {
        format!("{}/roles/{role}", self.application())
    }

    /// Returns a grant of a role to a user, to be created.
    pub fn grant(&self, user: &str, role: &str, scope: Option<Scope>) -> Grant {
        Grant {
            subject: self.user(user),
            role: self.role(role),
            scope,
            ..Grant::default()
        }
    }

    /// Returns the reason of the decision whether a subject may view the bills at a location.
    pub async fn reason(&self, subject: &str, place: &str) -> DecisionReason {
        let permission = self.permission("billing.view");
        self.rig.reason(subject, &permission, place).await
    }

    /// Returns true if a user may view the bills at a location.
    pub async fn allows(&self, user: &str, place: &str) -> bool {
        let reason = self.reason(&self.user(user), &self.at(place)).await;
        reason == DecisionReason::Allowed
    }

    /// Returns the question whether a user may view the bills at a location.
    pub fn question(&self, user: &str, place: &str) -> CheckRequest {
        CheckRequest {
            subject: self.user(user),
            permission: self.permission("billing.view"),
            resource: self.at(place),
            consistency: None,
            read_time: None,
            context: None,
        }
    }

    /// Checks a request, which may require freshness.
    pub async fn ask(&self, request: CheckRequest) -> Decision {
        let answer = self.rig.root().authorization().check(request).await;
        answer.unwrap().into_inner().decision.unwrap()
    }

    /// Revokes a grant.
    pub async fn revoke(&self, grant: &str) -> RevokeGrantResponse {
        let request = RevokeGrantRequest {
            name: self.at(&format!("grants/{grant}")),
            ..RevokeGrantRequest::default()
        };
        let revoked = self.rig.root().grants().revoke_grant(request).await;
        revoked.unwrap().into_inner()
    }
}
