//! An organization with managers: owners, delegated owners of a unit, an application administrator,
//! and members who manage nothing.

use api::{
    entitlement::v1::{
        CreateGrantRequest, CreateGrantResponse, Grant, ListGrantsRequest, RevokeGrantRequest,
        RevokeGrantResponse, Scope, UpdateGrantRequest, UpdateGrantResponse,
    },
    identity::v1::CreateServiceAccountKeyRequest,
};
use mandate_documents::clients::Clients;
use prost_types::FieldMask;
use tests::Rig;
use tonic::{Response, Status};

/// `$` stands for the name of the world.
const DOCUMENT: &str = "
applications:
  - id: $-a
    display_name: A
    modules: [{id: m, verbs: [view, edit]}]
    roles:
      - {id: viewer, permissions: [$-a.m.view]}
      - {id: editor, permissions: [$-a.m.edit]}
      - {id: auditor, permissions: [$-a.m.view]}
    separations: [[editor, auditor]]
  - id: $-b
    display_name: B
    modules: [{id: m, verbs: [view]}]
    roles: [{id: viewer, permissions: [$-b.m.view]}]
  - id: $-c
    display_name: C
    modules: [{id: m, verbs: [view]}]
    roles: [{id: viewer, permissions: [$-c.m.view]}]
users:
  - {id: $-ann, login: $.ann, given_name: Ann}
  - {id: $-ben, login: $.ben, given_name: Ben}
service_accounts:
  - {id: $-owner}
  - {id: $-other}
  - {id: $-part}
  - {id: $-lead}
  - {id: $-admin}
  - {id: $-plain}
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: mandate}, {application: $-a}, {application: $-b}]
    units:
      - {id: k1, display_name: North}
      - {id: k1a, display_name: Port, parent: k1}
      - {id: k2, display_name: South}
    memberships:
      - user: $-ann
        grants:
          - {id: ann, role: $-a.viewer, scope: {units: [k1]}}
          - {id: ann-b, role: $-b.viewer, scope: ALL}
      - {user: $-ben}
      - service_account: $-owner
        grants: [{id: owner, role: mandate.owner, scope: ALL, can_delegate: true}]
      - service_account: $-other
        grants: [{id: other, role: mandate.owner, scope: ALL, can_delegate: true}]
      - service_account: $-part
        grants: [{id: part, role: mandate.delegated-owner, scope: {units: [k1]}}]
      - service_account: $-lead
        grants: [{id: lead, role: mandate.delegated-owner, scope: {units: [k1]}, can_delegate: true}]
      - service_account: $-admin
        grants:
          - {id: admin, role: mandate.application-admin, scope: ALL, applications: [$-a]}
      - {service_account: $-plain, grants: [{id: plain, role: $-a.editor, scope: ALL}]}
  - id: $-else
    display_name: Elsewhere
    entitlements: [{application: mandate}, {application: $-a}]
    units: [{id: k9, display_name: Far}]
    memberships: [{user: $-ann, grants: [{id: far, role: $-a.viewer, scope: ALL}]}]
";

/// The organization.
pub struct Managed<'r> {
    rig: &'r Rig,
    id: &'static str,
}

/// Creates a key of a service account. Returns clients that use it.
pub async fn clients(rig: &Rig, account: &str) -> Clients {
    key(rig, account).await.1
}

/// Creates a key of a service account. Returns its name and clients that use it.
pub async fn key(rig: &Rig, account: &str) -> (String, Clients) {
    let request = CreateServiceAccountKeyRequest {
        parent: format!("serviceAccounts/{account}"),
        ..CreateServiceAccountKeyRequest::default()
    };
    let mut accounts = rig.root().service_accounts();
    let key = accounts.create_service_account_key(request).await.unwrap();
    let key = key.into_inner();
    // Other services authenticate the key only after the feed has delivered it.
    let question = api::entitlement::v1::CheckRequest {
        subject: format!("serviceAccounts/{account}"),
        permission: "mandate.grants.write".to_owned(),
        resource: "organizations/operator".to_owned(),
        consistency: Some(super::tokens::at_least(&key.consistency_token)),
        read_time: None,
        context: None,
    };
    rig.root().authorization().check(question).await.unwrap();
    let name = key.key.unwrap_or_default().name;
    (name, rig.clients(&key.secret.into()))
}

/// Returns the scope of the whole organization.
#[expect(clippy::unnecessary_wraps, reason = "a field of a message")]
pub fn all() -> Option<Scope> {
    Some(Scope {
        all: true,
        ..Scope::default()
    })
}

impl<'r> Managed<'r> {
    pub async fn load(rig: &'r Rig, id: &'static str) -> Self {
        rig.claim(id);
        rig.apply(&DOCUMENT.replace('$', id)).await;
        crate::feeds::heard(rig).await;
        Self { rig, id }
    }

    /// Returns the names for a world that is already loaded.
    pub fn named(rig: &'r Rig, id: &'static str) -> Self {
        Self { rig, id }
    }

    pub async fn as_(&self, account: &str) -> Clients {
        clients(self.rig, &format!("{}-{account}", self.id)).await
    }

    pub fn name(&self) -> String {
        format!("organizations/{}", self.id)
    }

    pub fn user(&self, user: &str) -> String {
        format!("users/{}-{user}", self.id)
    }

    pub fn account(&self, account: &str) -> String {
        format!("serviceAccounts/{}-{account}", self.id)
    }

    pub fn application(&self, application: &str) -> String {
        format!("applications/{}-{application}", self.id)
    }

    /// Returns the name of a role of `a`, `b`, `c` or `mandate`, given as `a.viewer`.
    pub fn role(&self, role: &str) -> String {
        match role.split_once('.').unwrap() {
            ("mandate", role) => format!("applications/mandate/roles/{role}"),
            (application, role) => format!("{}/roles/{role}", self.application(application)),
        }
    }

    pub fn grant_name(&self, grant: &str) -> String {
        format!("{}/grants/{grant}", self.name())
    }

    #[expect(clippy::unnecessary_wraps, reason = "a field of a message")]
    pub fn units(&self, units: &[&str]) -> Option<Scope> {
        let name = |unit: &&str| format!("{}/units/{unit}", self.name());
        Some(Scope {
            units: units.iter().map(name).collect(),
            ..Scope::default()
        })
    }

    /// Returns the scope of the whole organization, restricted to some applications.
    #[expect(clippy::unnecessary_wraps, reason = "a field of a message")]
    pub fn managing(&self, applications: &[&str]) -> Option<Scope> {
        Some(Scope {
            all: true,
            applications: applications.iter().map(|id| self.application(id)).collect(),
            ..Scope::default()
        })
    }

    pub fn grant(&self, subject: &str, role: &str, scope: Option<Scope>) -> CreateGrantRequest {
        CreateGrantRequest {
            parent: self.name(),
            grant: Some(Grant {
                subject: subject.to_owned(),
                role: self.role(role),
                scope,
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        }
    }

    pub async fn give(
        &self,
        by: &Clients,
        subject: &str,
        role: &str,
        scope: Option<Scope>,
    ) -> Result<Response<CreateGrantResponse>, Status> {
        let request = self.grant(subject, role, scope);
        by.grants().create_grant(request).await
    }

    pub async fn revoke(
        &self,
        by: &Clients,
        grant: &str,
    ) -> Result<Response<RevokeGrantResponse>, Status> {
        let request = RevokeGrantRequest {
            name: self.grant_name(grant),
            ..RevokeGrantRequest::default()
        };
        by.grants().revoke_grant(request).await
    }

    /// Updates the fields of a grant that the mask names.
    pub async fn update(
        &self,
        by: &Clients,
        grant: &str,
        paths: &[&str],
        new: Grant,
    ) -> Result<Response<UpdateGrantResponse>, Status> {
        let request = UpdateGrantRequest {
            grant: Some(Grant {
                name: self.grant_name(grant),
                ..new
            }),
            update_mask: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            ..UpdateGrantRequest::default()
        };
        by.grants().update_grant(request).await
    }

    pub async fn rescope(
        &self,
        by: &Clients,
        grant: &str,
        scope: Option<Scope>,
    ) -> Result<Response<UpdateGrantResponse>, Status> {
        let new = Grant {
            scope,
            ..Grant::default()
        };
        self.update(by, grant, &["scope"], new).await
    }

    /// Returns the ids of the grants in a list, as a caller sees them.
    pub async fn listed(&self, by: &Clients, request: ListGrantsRequest) -> Vec<String> {
        let request = ListGrantsRequest {
            parent: self.name(),
            ..request
        };
        let listed = by.grants().list_grants(request).await.unwrap().into_inner();
        let id = |grant: &Grant| grant.name.rsplit('/').next().unwrap().to_owned();
        listed.grants.iter().map(id).collect()
    }
}
