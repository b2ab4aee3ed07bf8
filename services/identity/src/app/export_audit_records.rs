use api::identity::v1::{ExportAuditRecordsRequest, ExportAuditRecordsResponse};
use authz::Context;

use super::App;
use crate::error::Error;

/// Returns the chained audit log of all organizations.
pub(crate) async fn export_audit_records(
    app: &App,
    context: &Context,
    request: ExportAuditRecordsRequest,
) -> Result<ExportAuditRecordsResponse, Error> {
    app.permit(context).await?;
    let export = app.store.export_audit(request.after).await?;
    Ok(ExportAuditRecordsResponse {
        records: export.records,
        anchor: export.anchor,
        caught_up: export.caught_up,
    })
}
