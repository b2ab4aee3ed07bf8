use ::rpc::Fault;
use api::{
    entitlement::v1::{
        ApplyGrantChangesForRequest, ApplyGrantChangesForResponse, ApplyGrantChangesRequest,
    },
    policy_of,
};
use authz::{Account, Caller, Context};
use service::parse;
use types::{OrganizationId, Subject};

use super::{App, apply_grant_changes::apply_to, grant_changes::Changes, judge::judge};
use crate::error::Error;

/// The method with which a caller applies the changes directly.
const APPLY_METHOD: &str = "/mandate.entitlement.v1.GrantService/ApplyGrantChanges";

/// Applies grant changes for one subject on behalf of the approver of a request: by the same code,
/// within the same bounds, and with the same audit entry as if the approver had called.
pub(crate) async fn apply_grant_changes_for(
    app: &App,
    context: &Context,
    request: ApplyGrantChangesForRequest,
) -> Result<ApplyGrantChangesForResponse, Error> {
    judge(app, context, request, |app, context, request| {
        Box::pin(apply(app, context, request))
    })
    .await
}

async fn apply(
    app: &App,
    context: &Context,
    request: ApplyGrantChangesForRequest,
) -> Result<ApplyGrantChangesForResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?;
    parse("subject", &request.subject, Subject::parse_name)?;
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    // Checked before the write: the holder of a grant never changes.
    let only = Some(request.subject.as_str());
    let changes = Changes::read(app, organization, &request.changes, only).await?;
    if changes.subjects.iter().any(|of| *of != request.subject) {
        return Err(Fault::field("subject", "is not that of every change").into());
    }
    let policy = policy_of(APPLY_METHOD).ok_or_else(Fault::denied)?;
    let context = context.on_behalf_of(Caller::Subject(Account::new(caller, "")), policy);
    let meant = request.identities;
    let request = ApplyGrantChangesRequest {
        parent: request.parent,
        changes: request.changes,
        request_id: request.request_id,
        validate_only: request.validate_only,
        ..ApplyGrantChangesRequest::default()
    };
    let response = apply_to(app, &context, request, &meant).await?;
    Ok(ApplyGrantChangesForResponse {
        consistency_token: response.consistency_token,
    })
}
