//! Audit records of reads and refusals. Changes are recorded where they are written.

use std::sync::{Arc, OnceLock};

use ::audit::Entry;
use api::{AuditKind, Audited, common::v1::AuditOutcome};
use authz::{Basis, Caller, Context};
use rpc::Fault;
use store::Store;

/// A call of a method that the audit log records.
#[derive(Debug)]
pub struct Attempt {
    kind: AuditKind,
    trail: Arc<OnceLock<Basis>>,
    entry: Entry,
}

impl Attempt {
    /// Returns the attempt of a call, if its method is recorded.
    pub fn of(context: &Context, request: &impl Audited) -> Option<Self> {
        let trail = context.trail.clone()?;
        let actor = match &context.caller {
            Caller::Subject(account) => account.name.to_string(),
            Caller::Peer(_) => return None,
        };
        Some(Self {
            kind: context.policy.audit,
            trail,
            entry: Entry {
                method: ::audit::method(context.policy.path),
                actor,
                resources: ::audit::named(request),
                request_id: request.request_id().to_owned(),
                request: ::audit::digest(request),
                ..Entry::default()
            },
        })
    }

    /// Records a read or a refusal. A malformed request never reached the authority, and is not an
    /// attempt.
    pub async fn conclude(self, store: &Store, refused: Option<&Fault>) {
        let Some(basis) = self.trail.get() else {
            return;
        };
        let (outcome, reason) = match refused {
            Some(fault) => (AuditOutcome::Refused, fault.reason()),
            None if self.kind == AuditKind::Read => (AuditOutcome::Read, ""),
            None => return,
        };
        let entry = Entry {
            organization: basis.organization.clone(),
            grant: basis.grant.clone(),
            granted_by: basis.granted_by.clone(),
            call_id: basis.call_id.clone(),
            through: basis.through.to_owned(),
            outcome,
            reason: reason.to_owned(),
            ..self.entry
        };
        store.record(entry).await;
    }
}
