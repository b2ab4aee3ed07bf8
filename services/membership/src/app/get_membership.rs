use api::membership::v1::{GetMembershipRequest, GetMembershipResponse};
use authz::Context;
use service::parse;
use types::{In, MembershipId};

use super::App;
use crate::{error::Error, store::memberships};

/// Returns one membership.
pub(crate) async fn get_membership(
    app: &App,
    context: &Context,
    request: GetMembershipRequest,
) -> Result<GetMembershipResponse, Error> {
    let name = parse("name", &request.name, In::<MembershipId>::parse_name)?;
    app.permit(context, &name.organization).await?;
    let (membership, _) = memberships::find(app.store.reader(), &name)
        .await?
        .ok_or(Error::MembershipNotFound(request.name))?;
    Ok(GetMembershipResponse {
        membership: Some(membership),
    })
}
