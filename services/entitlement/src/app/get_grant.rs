use ::rpc::parse;
use api::entitlement::v1::{GetGrantRequest, GetGrantResponse};
use authority::Context;
use base::{GrantId, In};

use super::App;
use crate::{error::Error, store::grants};

/// Returns one grant, also one that was revoked.
pub(crate) async fn get_grant(
    app: &App,
    context: &Context,
    request: GetGrantRequest,
) -> Result<GetGrantResponse, Error> {
    let name = parse("name", &request.name, In::<GrantId>::parse_name)?;
    app.permit_in(context, &name.organization).await?;
    let (grant, _) = grants::find(app.store.reader(), &name.organization, &name.id)
        .await?
        .ok_or(Error::GrantNotFound(request.name))?;
    Ok(GetGrantResponse { grant: Some(grant) })
}
