//! The use cases, one per file.

mod access_change_rules;
mod apply_change_request;
mod approve_change_request;
mod batch_create_memberships;
mod batch_create_resources;
mod batch_create_units;
mod cancel_change_request;
mod change_request_rules;
mod change_state;
mod confirm_change_request;
mod contact_rules;
mod create_change_request;
mod create_contact;
mod create_membership;
mod create_organization;
mod create_resource;
mod create_unit;
mod delete_contact;
mod delete_membership;
mod delete_resource;
mod delete_unit;
mod export_audit_records;
mod forget_person;
mod get_change_request;
mod get_contact;
mod get_membership;
mod get_organization;
mod get_resource;
mod get_unit;
mod list_audit_entries;
mod list_change_requests;
mod list_contacts;
mod list_memberships;
mod list_organizations;
mod list_resources;
mod list_units;
mod moved;
mod named_entities;
mod reactivate_membership;
mod reactivate_organization;
mod reference;
mod reject_change_request;
mod suspend_membership;
mod suspend_organization;
mod update_contact;
mod update_membership;
mod update_organization;
mod update_resource;
mod update_unit;

pub(crate) use self::{
    apply_change_request::apply_change_request, approve_change_request::approve_change_request,
    batch_create_memberships::batch_create_memberships,
    batch_create_resources::batch_create_resources, batch_create_units::batch_create_units,
    cancel_change_request::cancel_change_request, confirm_change_request::confirm_change_request,
    create_change_request::create_change_request, create_contact::create_contact,
    create_membership::create_membership, create_organization::create_organization,
    create_resource::create_resource, create_unit::create_unit, delete_contact::delete_contact,
    delete_membership::delete_membership, delete_resource::delete_resource,
    delete_unit::delete_unit, export_audit_records::export_audit_records,
    forget_person::forget_person, get_change_request::get_change_request, get_contact::get_contact,
    get_membership::get_membership, get_organization::get_organization, get_resource::get_resource,
    get_unit::get_unit, list_audit_entries::list_audit_entries,
    list_change_requests::list_change_requests, list_contacts::list_contacts,
    list_memberships::list_memberships, list_organizations::list_organizations,
    list_resources::list_resources, list_units::list_units,
    reactivate_membership::reactivate_membership, reactivate_organization::reactivate_organization,
    reject_change_request::reject_change_request, suspend_membership::suspend_membership,
    suspend_organization::suspend_organization, update_contact::update_contact,
    update_membership::update_membership, update_organization::update_organization,
    update_resource::update_resource, update_unit::update_unit,
};

use self::moved::Moved;
use ::rpc::Fault;
use ::store::{Store, WriteTx};
use api::entitlement::v1::{CheckControlRequest, CheckMoveRequest, ReleaseMemberRequest};
use authz::{Authority, Context, Permit, Reach, Refused};
use service::peer::Entitlement;
use tokio_util::sync::CancellationToken;
use types::OrganizationId;

use crate::{error::Error, peers::Identity, store::organizations};

/// The dependencies of the use cases.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) authority: Authority,
    pub(crate) identity: Identity,
    pub(crate) entitlement: Entitlement,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Returns a permit for entities that belong to no customer.
    async fn operator_permit(&self, context: &Context) -> Result<Permit, Refused> {
        self.authority.authorize(context, Reach::Operator).await
    }

    /// Returns a permit for an existing organization: one that does not exist is out of everybody's
    /// reach. Organizations are never deleted, so it continues to exist.
    async fn permit(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Error> {
        let reach = Reach::Organization(organization);
        let permit = self.authority.authorize(context, reach).await?;
        let found = organizations::find(self.store.reader(), organization).await?;
        if found.is_none() {
            return Err(Fault::denied().into());
        }
        Ok(permit)
    }

    /// Has entitlement release a member, for the holder of the permit. Call it last before the
    /// commit, which must follow within a minute: the release expires then.
    async fn release(
        &self,
        context: &Context,
        permit: &Permit,
        (organization, subject): (&OrganizationId, &str),
        only_asked: bool,
    ) -> Result<(), Fault> {
        let request = ReleaseMemberRequest {
            caller: permit.holder().to_owned(),
            subject: subject.to_owned(),
            organization: organization.name(),
            only_asked,
            ..ReleaseMemberRequest::default()
        };
        self.entitlement.release(context, request).await
    }

    /// Has entitlement check that an organization may require subscriptions: its required holders
    /// must have one. Call it last before the commit, as above. The token makes entitlement await
    /// all earlier changes of memberships.
    async fn demand(
        &self,
        context: &Context,
        tx: &WriteTx,
        permit: &Permit,
        organization: &OrganizationId,
        only_asked: bool,
    ) -> Result<(), Error> {
        let request = ReleaseMemberRequest {
            caller: permit.holder().to_owned(),
            organization: organization.name(),
            only_asked,
            consistency_token: self.store.token_in(tx.connection()).await?,
            ..ReleaseMemberRequest::default()
        };
        Ok(self.entitlement.release(context, request).await?)
    }

    /// Checks that the holder of the permit could grant all access that is restored: of one member,
    /// or of every member for an empty name. Call it last before the commit.
    async fn check_restoration(
        &self,
        context: &Context,
        permit: &Permit,
        (organization, subject): (&OrganizationId, &str),
    ) -> Result<(), Fault> {
        let request = CheckControlRequest {
            caller: permit.holder().to_owned(),
            subject: subject.to_owned(),
            organization: organization.name(),
            ..CheckControlRequest::default()
        };
        self.entitlement.check_control(context, request).await
    }

    /// Checks that the holder of the permit may make the move, if there is one. Call it last before
    /// the commit.
    async fn check_relocation(
        &self,
        context: &Context,
        permit: &Permit,
        organization: &OrganizationId,
        moved: Option<Moved>,
    ) -> Result<(), Fault> {
        let Some(Moved { before, after }) = moved else {
            return Ok(());
        };
        let request = CheckMoveRequest {
            caller: permit.holder().to_owned(),
            organization: organization.name(),
            before,
            after,
        };
        self.entitlement.check_move(context, request).await
    }

    /// Waits until the entitlement service has the change that returned the token; returns the
    /// value for the response.
    async fn propagated(&self, context: &Context, consistency_token: &str) -> i32 {
        let propagated = self.entitlement.propagated(context, consistency_token);
        propagated.await.into()
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
