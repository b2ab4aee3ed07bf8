use api::entitlement::v1::{GetGrantRequest, GetGrantResponse};
use authz::Context;
use service::parse;
use types::{GrantId, In};

use super::{App, delegation::visible_grants};
use crate::{error::Error, store::grants};

/// Returns one grant, including a revoked one. A grant out of the caller's reach is reported as not
/// found.
pub(crate) async fn get_grant(
    app: &App,
    context: &Context,
    request: GetGrantRequest,
) -> Result<GetGrantResponse, Error> {
    let name = parse("name", &request.name, In::<GrantId>::parse_name)?;
    let organization = &name.organization;
    app.permit_anywhere_in(context, organization).await?;
    let now = app.engine.clock.now();
    let found = grants::find(app.store.reader(), organization, &name.id, now).await?;
    if let Some((grant, _)) = found
        && let [true] =
            visible_grants(app, context, organization, std::slice::from_ref(&grant)).await?[..]
    {
        return Ok(GetGrantResponse { grant: Some(grant) });
    }
    Err(Error::GrantNotFound(request.name))
}
