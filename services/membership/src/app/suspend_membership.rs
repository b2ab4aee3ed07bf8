use ::store::Turn;
use api::{
    common::v1::Propagation,
    membership::v1::{SuspendMembershipRequest, SuspendMembershipResponse},
};
use authz::Context;
use membership_core::Verb;
use service::parse;
use types::{In, MembershipId};

use super::{App, change_state::change_membership};
use crate::error::Error;

/// Suspends a membership, so that no access of the member is in force; returns once the change has
/// propagated.
pub(crate) async fn suspend_membership(
    app: &App,
    context: &Context,
    request: SuspendMembershipRequest,
) -> Result<SuspendMembershipResponse, Error> {
    let name = parse("name", &request.name, In::<MembershipId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let membership =
                change_membership(&mut tx, &name, &request.etag, Verb::Suspend).await?;
            let member = (&name.organization, membership.subject.as_str());
            let only = request.validate_only;
            app.release(context, &permit, member, only).await?;
            tx.finish(|consistency_token| SuspendMembershipResponse {
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
