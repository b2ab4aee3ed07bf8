//! A small organization of one test's own.

use api::entitlement::v1::{
    CheckRequest, Decision, DecisionReason, Grant, RevokeGrantRequest, RevokeGrantResponse, Scope,
};
use tests::Rig;

/// `$` stands for the name of the world: two of them in one installation share nothing.
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

/// An organization with a tree, members `ann` (all), `ben` (unit `k1`), `cas` (resource `n3`),
/// `dan` (both), `eva` (nothing), the service account `bot` (all); `fay` is a stranger.
pub struct World<'r> {
    pub rig: &'r Rig,
    id: &'static str,
}

impl<'r> World<'r> {
    /// Applies the world to an installation that has none of this name.
    pub async fn load(rig: &'r Rig, id: &'static str) -> Self {
        rig.claim(id);
        rig.apply(&DOCUMENT.replace('$', id)).await;
        crate::feeds::heard(rig).await;
        Self { rig, id }
    }

    /// Names as in a world, of what a test has applied itself.
    pub fn named(rig: &'r Rig, id: &'static str) -> Self {
        Self { rig, id }
    }

    /// The same world, asked of another replica.
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

    /// Something in the organization, as `units/k1`.
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

    /// A grant of a role to a user, to be created.
    pub fn grant(&self, user: &str, role: &str, scope: Option<Scope>) -> Grant {
        Grant {
            subject: self.user(user),
            role: self.role(role),
            scope,
            ..Grant::default()
        }
    }

    /// Why a subject may, or may not, view the bills of a place.
    pub async fn reason(&self, subject: &str, place: &str) -> DecisionReason {
        let permission = self.permission("billing.view");
        self.rig.reason(subject, &permission, place).await
    }

    /// Whether a user may view the bills of a place.
    pub async fn allows(&self, user: &str, place: &str) -> bool {
        let reason = self.reason(&self.user(user), &self.at(place)).await;
        reason == DecisionReason::Allowed
    }

    /// The question whether a user may view the bills of a place.
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

    /// Asks with a demand on freshness.
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
