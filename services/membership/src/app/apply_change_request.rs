use ::rpc::{Channel, Fault};
use ::store::StoreError;
use api::{
    entitlement::v1::ApplyGrantChangesForRequest,
    membership::v1::{ChangeRequest, ChangeRequestState, change_request::Kind},
};
use authz::Permit;
use membership_core::RequestStep;
use types::{ChangeRequestId, In};

use super::{App, change_request_rules as rules, named_entities::identities};
use crate::{
    error::Error,
    peers::{ApplyError, change_grants},
    store::change_requests::{self, Stored},
};

/// Makes the change of an approved request, records the result, and returns the request as it is
/// then. An interrupted call can be repeated: entitlement deduplicates the change by the name of
/// the request, and only one result is recorded.
pub(crate) async fn apply_change_request(
    app: &App,
    entitlement: Channel,
    name: &In<ChangeRequestId>,
) -> Result<Stored, Error> {
    let mut stored = rules::find(app.store.reader(), name).await?;
    if stored.request.state() != ChangeRequestState::Approved {
        return Ok(stored);
    }
    let changes = changes(&stored.request, name)?;
    let step = match change_grants(entitlement, changes).await {
        Ok(token) => {
            stored.applied_token = token;
            RequestStep::Apply
        }
        Err(ApplyError::Refused(refusal)) => {
            refusal
                .reason()
                .clone_into(&mut stored.request.failure_reason);
            RequestStep::Fail
        }
        Err(ApplyError::Unknown(status)) => {
            tracing::warn!(error = %status, %name, "cannot tell if an approved change was made");
            return Ok(stored);
        }
    };
    rules::step(&mut stored.request, step)?;
    // The approver is recorded with the approval, and with the change.
    let permit = Permit::system("apply change request");
    let tx = app.store.begin_internal(&permit).await?;
    match change_requests::update(&tx, name, stored).await {
        // Another task that resumed the same request was first.
        Err(StoreError::Stale) => rules::find(app.store.reader(), name).await,
        noted => {
            let noted = noted?;
            tx.commit().await?;
            Ok(noted)
        }
    }
}

/// Returns the grant changes of the request, to be made as its approver.
pub(super) fn changes(
    request: &ChangeRequest,
    name: &In<ChangeRequestId>,
) -> Result<ApplyGrantChangesForRequest, Error> {
    let Some(Kind::ChangeAccess(change)) = &request.kind else {
        return Err(Fault::internal("a change request of access has no changes").into());
    };
    Ok(ApplyGrantChangesForRequest {
        caller: request.decider.clone(),
        subject: request.subject.clone(),
        parent: name.organization.name(),
        changes: change.changes.clone(),
        request_id: name.to_string(),
        validate_only: false,
        identities: identities(request),
    })
}
