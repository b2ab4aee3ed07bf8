//! S4: change requests that one member creates and another approves.

mod again;
mod approving;
mod asking;
mod bounds;
mod stopped;

use api::{
    common::v1::{AuditEntry, AuditFilter},
    entitlement::v1::{
        CreateGrantRequest, GrantChange, ListAuditEntriesRequest, ListGrantsRequest,
        RevokeGrantRequest, grant_change,
    },
    membership::v1::{
        AccessChange, ApproveChangeRequestRequest, ApproveChangeRequestResponse,
        CancelChangeRequestRequest, CancelChangeRequestResponse, ChangeRequest, ChangeRequestState,
        ConfirmChangeRequestRequest, ConfirmChangeRequestResponse, CreateChangeRequestRequest,
        CreateChangeRequestResponse, Deactivation, GetChangeRequestRequest, GetMembershipRequest,
        Membership, RejectChangeRequestRequest, RejectChangeRequestResponse, change_request::Kind,
    },
};
use mandate_documents::clients::Clients;
use tests::Rig;
use tonic::{Response, Status};

use crate::managed::{Managed, all};

/// Accounts in addition to the managers: one that may only create requests, and a delegated owner
/// of everything.
const DOCUMENT: &str = "
service_accounts: [{id: $-desk}, {id: $-deputy}, {id: $-judge}, {id: $-stranger}]
organizations:
  - id: $
    display_name: Acme
    memberships:
      - service_account: $-desk
        grants: [{id: desk, role: mandate.requester, scope: ALL}]
      - service_account: $-deputy
        grants: [{id: deputy, role: mandate.delegated-owner, scope: ALL}]
      - service_account: $-judge
        grants: [{id: judge, role: 'custom:mandate.judge', scope: ALL}]
    custom_roles:
      - {id: judge, application: mandate, display_name: Judge, permissions: [mandate.requests.approve]}
";

async fn load<'r>(rig: &'r Rig, id: &'static str) -> Managed<'r> {
    let world = Managed::load(rig, id).await;
    rig.apply(&DOCUMENT.replace('$', id)).await;
    crate::feeds::heard(rig).await;
    world
}

type Answer<R> = Result<Response<R>, Status>;

impl Managed<'_> {
    fn request_name(&self, id: &str) -> String {
        format!("{}/changeRequests/{id}", self.name())
    }

    fn membership(&self, member: &str) -> String {
        let id = self.user(member).replace("users/", "");
        format!("{}/memberships/{id}", self.name())
    }

    /// Returns the change that grants a member a role everywhere. The grant has the id of the
    /// request.
    fn wish(&self, member: &str, id: &str, role: &str) -> Kind {
        let create = CreateGrantRequest {
            grant_id: id.to_owned(),
            parent: String::new(),
            ..self.grant("", role, all())
        };
        self.changes(member, grant_change::Change::Create(create))
    }

    /// Returns the change that revokes a grant of a member.
    fn loss(&self, member: &str, grant: &str) -> Kind {
        let revoke = RevokeGrantRequest {
            name: self.grant_name(grant),
            ..RevokeGrantRequest::default()
        };
        self.changes(member, grant_change::Change::Revoke(revoke))
    }

    fn changes(&self, member: &str, change: grant_change::Change) -> Kind {
        Kind::ChangeAccess(AccessChange {
            membership: self.membership(member),
            changes: vec![GrantChange {
                change: Some(change),
            }],
        })
    }

    fn leaving(&self, member: &str, reason: &str) -> Kind {
        Kind::Deactivate(Deactivation {
            membership: self.membership(member),
            reason: reason.to_owned(),
        })
    }

    fn draft(&self, id: &str, kind: Kind) -> CreateChangeRequestRequest {
        CreateChangeRequestRequest {
            parent: self.name(),
            change_request_id: id.to_owned(),
            change_request: Some(ChangeRequest {
                kind: Some(kind),
                ..ChangeRequest::default()
            }),
            ..CreateChangeRequestRequest::default()
        }
    }

    async fn ask(&self, by: &Clients, id: &str, kind: Kind) -> Answer<CreateChangeRequestResponse> {
        let draft = self.draft(id, kind);
        by.requests().create_change_request(draft).await
    }

    fn confirmation(&self, id: &str, reason: &str) -> ConfirmChangeRequestRequest {
        ConfirmChangeRequestRequest {
            name: self.request_name(id),
            reason: reason.to_owned(),
            ..ConfirmChangeRequestRequest::default()
        }
    }

    async fn send(
        &self,
        by: &Clients,
        id: &str,
        reason: &str,
    ) -> Answer<ConfirmChangeRequestResponse> {
        let request = self.confirmation(id, reason);
        by.requests().confirm_change_request(request).await
    }

    /// Creates a change request, and submits it.
    async fn pending(&self, by: &Clients, id: &str, kind: Kind) {
        self.ask(by, id, kind).await.unwrap();
        self.send(by, id, "").await.unwrap();
    }

    async fn take_back(&self, by: &Clients, id: &str) -> Answer<CancelChangeRequestResponse> {
        let request = CancelChangeRequestRequest {
            name: self.request_name(id),
            ..CancelChangeRequestRequest::default()
        };
        by.requests().cancel_change_request(request).await
    }

    fn approval(&self, id: &str) -> ApproveChangeRequestRequest {
        ApproveChangeRequestRequest {
            name: self.request_name(id),
            ..ApproveChangeRequestRequest::default()
        }
    }

    async fn approve(&self, by: &Clients, id: &str) -> Answer<ApproveChangeRequestResponse> {
        by.requests()
            .approve_change_request(self.approval(id))
            .await
    }

    async fn reject(
        &self,
        by: &Clients,
        id: &str,
        reason: &str,
    ) -> Answer<RejectChangeRequestResponse> {
        let request = RejectChangeRequestRequest {
            name: self.request_name(id),
            reason: reason.to_owned(),
            ..RejectChangeRequestRequest::default()
        };
        by.requests().reject_change_request(request).await
    }

    async fn request(&self, by: &Clients, id: &str) -> ChangeRequest {
        let request = GetChangeRequestRequest {
            name: self.request_name(id),
        };
        let found = by.requests().get_change_request(request).await;
        found.unwrap().into_inner().change_request.unwrap()
    }

    async fn state(&self, by: &Clients, id: &str) -> ChangeRequestState {
        self.request(by, id).await.state()
    }

    async fn member(&self, by: &Clients, member: &str) -> Membership {
        let request = GetMembershipRequest {
            name: self.membership(member),
        };
        let found = by.members().get_membership(request).await;
        found.unwrap().into_inner().membership.unwrap()
    }

    /// Returns the audit entries of entitlement about grant changes that are made together.
    async fn recorded(&self, by: &Clients) -> Vec<AuditEntry> {
        let request = ListAuditEntriesRequest {
            parent: self.name(),
            filter: Some(AuditFilter {
                method: "mandate.entitlement.v1.GrantService.ApplyGrantChanges".to_owned(),
                ..AuditFilter::default()
            }),
            ..ListAuditEntriesRequest::default()
        };
        let found = by.entitlement_audit().list_audit_entries(request).await;
        found.unwrap().into_inner().audit_entries
    }

    /// Returns the ids of the grants that a member holds.
    async fn held(&self, by: &Clients, member: &str) -> Vec<String> {
        let request = ListGrantsRequest {
            subject: self.user(member),
            ..ListGrantsRequest::default()
        };
        self.listed(by, request).await
    }
}
