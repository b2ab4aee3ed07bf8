use ::store::Turn;
use api::{
    common::v1::Propagation,
    membership::v1::{ReactivateMembershipRequest, ReactivateMembershipResponse},
};
use authz::Context;
use membership_core::Verb;
use service::parse;
use types::{In, MembershipId};

use super::{App, change_state::change_membership};
use crate::error::Error;

/// Reactivates a suspended membership; returns once the change has propagated.
pub(crate) async fn reactivate_membership(
    app: &App,
    context: &Context,
    request: ReactivateMembershipRequest,
) -> Result<ReactivateMembershipResponse, Error> {
    let name = parse("name", &request.name, In::<MembershipId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let membership =
                change_membership(&mut tx, &name, &request.etag, Verb::Reactivate).await?;
            let member = (&name.organization, membership.subject.as_str());
            app.check_restoration(context, &permit, member).await?;
            tx.finish(|consistency_token| ReactivateMembershipResponse {
                membership: Some(membership),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    response.propagation = app.propagated(context, token).await;
    Ok(response)
}
