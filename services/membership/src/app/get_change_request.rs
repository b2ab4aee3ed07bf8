use api::membership::v1::{GetChangeRequestRequest, GetChangeRequestResponse};
use authz::Context;
use service::parse;
use types::{ChangeRequestId, In};

use super::{App, change_request_rules as rules};
use crate::error::Error;

/// Returns one change request.
pub(crate) async fn get_change_request(
    app: &App,
    context: &Context,
    request: GetChangeRequestRequest,
) -> Result<GetChangeRequestResponse, Error> {
    let name = parse("name", &request.name, In::<ChangeRequestId>::parse_name)?;
    app.permit(context, &name.organization).await?;
    let found = rules::find_visible(app, context, &name).await?;
    Ok(GetChangeRequestResponse {
        change_request: Some(found.request),
    })
}
