//! The use cases, one per file.

mod batch_create_users;
mod create_service_account;
mod create_service_account_key;
mod create_user;
mod deactivate_user;
mod delete_service_account_key;
mod describe_subjects;
mod disable_service_account;
mod enable_service_account;
mod export_audit_records;
mod forget_person;
mod get_service_account;
mod get_user;
mod list_audit_entries;
mod list_service_account_keys;
mod list_service_accounts;
mod list_users;
mod oidc_identity;
mod reactivate_user;
mod update_user;
mod verify_oidc_identity;
mod verify_service_account_key;

pub(crate) use self::{
    batch_create_users::batch_create_users, create_service_account::create_service_account,
    create_service_account_key::create_service_account_key, create_user::create_user,
    deactivate_user::deactivate_user, delete_service_account_key::delete_service_account_key,
    describe_subjects::describe_subjects, disable_service_account::disable_service_account,
    enable_service_account::enable_service_account, export_audit_records::export_audit_records,
    forget_person::forget_person, get_service_account::get_service_account, get_user::get_user,
    list_audit_entries::list_audit_entries, list_service_account_keys::list_service_account_keys,
    list_service_accounts::list_service_accounts, list_users::list_users,
    reactivate_user::reactivate_user, update_user::update_user,
    verify_oidc_identity::verify_oidc_identity,
    verify_service_account_key::verify_service_account_key,
};

use ::rpc::Fault;
use api::entitlement::v1::{CheckControlRequest, ReleaseMemberRequest};
use authz::{Authority, Context, Permit, Reach, Refused};
use service::peer::Entitlement;
use store::Store;
use tokio_util::sync::CancellationToken;
use types::OrganizationId;

/// The dependencies of the use cases.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) authority: Authority,
    pub(crate) entitlement: Entitlement,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Returns a permit within an organization.
    async fn permit_in(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Refused> {
        let reach = Reach::Organization(organization);
        self.authority.authorize(context, reach).await
    }

    /// Returns a permit for entities that belong to no customer: all entities of this service.
    async fn permit(&self, context: &Context) -> Result<Permit, Refused> {
        self.authority.authorize(context, Reach::Operator).await
    }

    /// Checks that the holder of the permit could grant all access of a subject, because the change
    /// lets somebody act as the subject, or restores its access. Call it last before the commit. A
    /// new key or another address of the caller's own widens nothing.
    async fn check_can_grant(
        &self,
        context: &Context,
        permit: &Permit,
        subject: &str,
    ) -> Result<(), Fault> {
        self.check_control(context, permit, subject, false).await
    }

    /// Checks that the holder of the permit could revoke all management access of a subject,
    /// because the change removes a credential of it. Call it last before the commit.
    async fn check_can_revoke(
        &self,
        context: &Context,
        permit: &Permit,
        subject: &str,
    ) -> Result<(), Fault> {
        self.check_control(context, permit, subject, true).await
    }

    async fn check_control(
        &self,
        context: &Context,
        permit: &Permit,
        subject: &str,
        taken: bool,
    ) -> Result<(), Fault> {
        if permit.holder() == subject {
            return Ok(());
        }
        let request = CheckControlRequest {
            caller: permit.holder().to_owned(),
            subject: subject.to_owned(),
            taken,
            ..CheckControlRequest::default()
        };
        self.entitlement.check_control(context, request).await
    }

    /// Has entitlement release a subject in every organization, for the holder of the permit. Call
    /// it last before the commit, which must follow within a minute: the release expires then.
    async fn release(
        &self,
        context: &Context,
        permit: &Permit,
        subject: &str,
        only_asked: bool,
    ) -> Result<(), Fault> {
        let request = ReleaseMemberRequest {
            caller: permit.holder().to_owned(),
            subject: subject.to_owned(),
            only_asked,
            ..ReleaseMemberRequest::default()
        };
        self.entitlement.release(context, request).await
    }
}

/// Returns the chosen id, or a random one if none was chosen.
fn id_or_new(chosen: &str, prefix: char) -> String {
    if chosen.is_empty() {
        format!("{prefix}{}", uuid::Uuid::now_v7().simple())
    } else {
        chosen.to_owned()
    }
}
