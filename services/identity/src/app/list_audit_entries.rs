use api::identity::v1::{ListAuditEntriesRequest, ListAuditEntriesResponse};
use authz::Context;
use service::{list_audit, parse};
use types::OrganizationId;

use super::App;
use crate::error::Error;

/// Lists the audit entries of an organization, the latest first.
pub(crate) async fn list_audit_entries(
    app: &App,
    context: &Context,
    request: ListAuditEntriesRequest,
) -> Result<ListAuditEntriesResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    app.permit_in(context, &organization).await?;
    let filter = request.filter.unwrap_or_default();
    let (size, token) = (request.page_size, &request.page_token);
    let listed = list_audit(&app.store, &organization, filter, size, token);
    let (audit_entries, next_page_token) = listed.await?;
    Ok(ListAuditEntriesResponse {
        audit_entries,
        next_page_token,
    })
}
