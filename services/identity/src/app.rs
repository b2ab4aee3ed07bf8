//! The use cases, one a file.

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
use authority::{Authority, Context, Permit, Reach, Refused};
use base::OrganizationId;
use peer::Entitlement;
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) authority: Authority,
    pub(crate) entitlement: Entitlement,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// A permit within an organization.
    async fn permit_in(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Refused> {
        let reach = Reach::Organization(organization);
        self.authority.authorize(context, reach).await
    }

    /// A permit for what belongs to no customer: all that this service owns.
    async fn permit(&self, context: &Context) -> Result<Permit, Refused> {
        self.authority.authorize(context, Reach::Operator).await
    }

    /// That whoever has the permit could give all that a subject holds: they change by what it proves
    /// who it is, or let its access come back. Asked last before the commit. A new key or another
    /// address of one's own gives nobody more.
    async fn control(
        &self,
        context: &Context,
        permit: &Permit,
        subject: &str,
    ) -> Result<(), Fault> {
        self.check_control(context, permit, subject, false).await
    }

    /// That whoever has the permit could take from a subject all by which it manages: they end
    /// something by which it proves who it is. Asked last before the commit.
    async fn revocation(
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

    /// Makes entitlement let a subject go from wherever it is a member, for whoever has the permit:
    /// last before the commit, which follows within a minute or not at all.
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

/// An id that nobody chose, if none was chosen.
fn id_or_new(chosen: &str, prefix: char) -> String {
    if chosen.is_empty() {
        format!("{prefix}{}", uuid::Uuid::now_v7().simple())
    } else {
        chosen.to_owned()
    }
}
