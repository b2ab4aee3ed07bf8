//! The use cases, one per file.

mod access_diff;
mod application_rules;
mod apply_grant_changes;
mod apply_grant_changes_for;
mod as_of;
mod authorize;
mod await_projection;
mod batch_create_grants;
mod change_entitlement;
mod check;
mod check_batch;
mod check_control;
mod check_move;
mod check_stream;
mod context;
mod control;
mod create_application;
mod create_custom_role;
mod create_entitlement;
mod create_grant;
mod custom_role_rules;
mod delegation;
mod delete_custom_role;
mod diff_application;
mod evaluate_question;
mod explain;
mod export_audit_records;
mod forget_person;
mod get_application;
mod get_custom_role;
mod get_entitlement;
mod get_grant;
mod grant_changes;
mod grant_conditions;
mod grant_rules;
mod identities;
mod judge;
mod list_applications;
mod list_audit_entries;
mod list_custom_roles;
mod list_effective_access;
mod list_entitlements;
mod list_grants;
mod list_permissions;
mod list_resources;
mod list_roles;
mod list_subjects;
mod listed;
mod preconditions;
mod preview;
mod question;
mod release_member;
mod required_holders;
mod revoke_grant;
mod separation_of_duties;
mod summarize_access;
mod transfer_entitlement;
mod update_application;
mod update_custom_role;
mod update_grant;
mod watch;
mod widening;

pub(crate) use self::{
    apply_grant_changes::apply_grant_changes,
    apply_grant_changes_for::apply_grant_changes_for,
    authorize::authorize,
    await_projection::await_projection,
    batch_create_grants::batch_create_grants,
    change_entitlement::{end_entitlement, reactivate_entitlement, suspend_entitlement},
    check::check,
    check_batch::check_batch,
    check_control::check_control,
    check_move::check_move,
    check_stream::{Answers, check_stream},
    create_application::create_application,
    create_custom_role::create_custom_role,
    create_entitlement::create_entitlement,
    create_grant::create_grant,
    delete_custom_role::delete_custom_role,
    diff_application::diff_application,
    explain::explain,
    export_audit_records::export_audit_records,
    forget_person::forget_person,
    get_application::get_application,
    get_custom_role::get_custom_role,
    get_entitlement::get_entitlement,
    get_grant::get_grant,
    judge::judge,
    list_applications::list_applications,
    list_audit_entries::list_audit_entries,
    list_custom_roles::list_custom_roles,
    list_effective_access::list_effective_access,
    list_entitlements::list_entitlements,
    list_grants::list_grants,
    list_permissions::list_permissions,
    list_resources::list_resources,
    list_roles::list_roles,
    list_subjects::list_subjects,
    preview::preview,
    question::Question,
    release_member::release_member,
    revoke_grant::revoke_grant,
    summarize_access::summarize_access,
    transfer_entitlement::transfer_entitlement,
    update_application::update_application,
    update_custom_role::update_custom_role,
    update_grant::update_grant,
    watch::{Changes, WatchSlots, watch},
};

use std::time::{Duration, Instant};

use ::store::{Store, WriteTx};
use api::{common::v1::Propagation, entitlement::v1::Decision};
use authz::{Authority, Context, Permit, Reach, Refused};
use tokio_util::sync::CancellationToken;
use types::OrganizationId;

use crate::{
    decision_log::DecisionLog, decisions::Decisions, engine::Engine, error::Error,
    metrics::Metrics, owners::Owners,
};

/// Maximum time for which a write waits until this replica answers from it.
const PROPAGATION_TIMEOUT: Duration = Duration::from_secs(2);

/// The dependencies of the use cases.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) authority: Authority,
    /// The services that own the projected facts.
    pub(crate) owners: Owners,
    /// Decisions shared between replicas, if Redis is configured.
    pub(crate) decisions: Option<Decisions>,
    /// The decision log, if enabled.
    pub(crate) log: Option<DecisionLog>,
    pub(crate) measures: Metrics,
    /// Retention of history.
    pub(crate) history: Duration,
    /// Slots of the open watches.
    pub(crate) watches: WatchSlots,
    /// Ends the streams at shutdown.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Returns a permit for an organization.
    async fn permit_for_organization(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Refused> {
        let await_token = Reach::Organization(organization);
        self.authority.authorize(context, await_token).await
    }

    /// Returns a permit for some part of an organization. The use case must check which part.
    async fn permit_anywhere_in(
        &self,
        context: &Context,
        organization: &OrganizationId,
    ) -> Result<Permit, Refused> {
        let await_token = Reach::Within(organization);
        self.authority.authorize(context, await_token).await
    }

    /// Takes the log lock and refreshes the facts to the last commit. Until the write ends, the
    /// facts that it is checked against do not change.
    async fn lock_log(&self, tx: &WriteTx) -> Result<(), Error> {
        tx.lock_log().await?;
        Ok(self.engine.facts.refresh(Vec::new()).await?)
    }

    /// Begins a dry-run transaction (a draft). Decisions made beside the draft use facts at least
    /// as new as its snapshot.
    async fn draft(&self, permit: &Permit) -> Result<WriteTx, Error> {
        let draft = self.store.draft(permit).await?;
        self.engine.facts.refresh(Vec::new()).await?;
        Ok(draft)
    }

    /// Returns a permit for an operator-only method.
    async fn permit(&self, context: &Context) -> Result<Permit, Refused> {
        self.authority.authorize(context, Reach::Operator).await
    }

    /// Logs an answer, if the decision log is enabled.
    fn log(&self, context: &Context, question: &Question, decision: &Decision) {
        if let Some(log) = &self.log {
            log.log(context, question, decision);
        }
    }

    /// Waits until this replica answers from the change that returned a token.
    async fn await_propagation(&self, context: &Context, consistency_token: &str) -> Propagation {
        if consistency_token.is_empty() {
            return Propagation::Unspecified;
        }
        let context = Context {
            deadline: context.deadline.min(Instant::now() + PROPAGATION_TIMEOUT),
            ..context.clone()
        };
        match self.engine.await_token(&context, consistency_token).await {
            Ok(_) => Propagation::Complete,
            Err(error) => {
                tracing::warn!(%error, "a change is not known to be true everywhere");
                Propagation::Pending
            }
        }
    }

    /// Waits until the facts hold the change that the request builds on, if it names one.
    async fn await_token(&self, context: &Context, consistency_token: &str) -> Result<(), Error> {
        if !consistency_token.is_empty() {
            self.engine.await_token(context, consistency_token).await?;
        }
        Ok(())
    }
}
