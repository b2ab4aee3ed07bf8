use ::rpc::Fault;
use api::entitlement::v1::{CheckControlRequest, CheckControlResponse};
use authz::Context;
use service::parse;
use types::{OrganizationId, Subject};

use super::{App, control::Control};
use crate::error::Error;

/// Checks that the caller could grant, or revoke, all access of a subject, or of all members of an
/// organization.
pub(crate) async fn check_control(
    app: &App,
    context: &Context,
    request: CheckControlRequest,
) -> Result<CheckControlResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?.to_string();
    let organization = optional(
        "organization",
        &request.organization,
        OrganizationId::parse_name,
    )?;
    let subject = optional("subject", &request.subject, Subject::parse_name)?;
    let snapshot = app.store.snapshot().await?;
    let control = Control {
        app,
        db: &snapshot,
        caller: &caller,
        taken: request.taken,
        now: app.engine.clock.now(),
    };
    match (subject, organization) {
        (Some(subject), organization) => {
            let subject = subject.to_string();
            control.over(&subject, organization.as_ref()).await?;
        }
        (None, Some(organization)) => control.over_all(&organization).await?,
        (None, None) => return Err(Fault::field("subject", "must be set").into()),
    }
    Ok(CheckControlResponse {})
}

/// Parses an optional name.
pub(super) fn optional<T>(
    field: &str,
    name: &str,
    read: impl FnOnce(&str) -> Result<T, types::InvalidName>,
) -> Result<Option<T>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    parse(field, name, read).map(Some)
}
