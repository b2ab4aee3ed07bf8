use api::entitlement::v1::{GetApplicationRequest, GetApplicationResponse};
use authz::Context;
use service::parse;
use types::ApplicationId;

use super::App;
use crate::{error::Error, store::applications};

/// Returns one application.
pub(crate) async fn get_application(
    app: &App,
    context: &Context,
    request: GetApplicationRequest,
) -> Result<GetApplicationResponse, Error> {
    let id = parse("name", &request.name, ApplicationId::parse_name)?;
    app.permit(context).await?;
    let (application, _) = applications::find(app.store.reader(), &id)
        .await?
        .ok_or(Error::ApplicationNotFound(request.name))?;
    Ok(GetApplicationResponse {
        application: Some(application),
    })
}
