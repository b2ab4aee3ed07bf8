use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{DeleteMembershipRequest, DeleteMembershipResponse, Membership},
};
use authz::Context;
use membership_core::is_protected_membership;
use service::{expect_etag, parse};
use types::{In, MembershipId};

use super::App;
use crate::{
    error::Error,
    store::{change_requests, memberships},
};

/// Deletes a membership and with it every grant of the member; returns once the change has
/// propagated.
pub(crate) async fn delete_membership(
    app: &App,
    context: &Context,
    request: DeleteMembershipRequest,
) -> Result<DeleteMembershipResponse, Error> {
    let name = parse("name", &request.name, In::<MembershipId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let membership = delete(&mut tx, &name, &request.etag).await?;
            let member = (&name.organization, membership.subject.as_str());
            let only = request.validate_only;
            app.release(context, &permit, member, only).await?;
            tx.finish(|consistency_token| DeleteMembershipResponse {
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

async fn delete(
    tx: &mut WriteTx,
    name: &In<MembershipId>,
    etag: &str,
) -> Result<Membership, Error> {
    let (membership, version) = memberships::find(tx.connection(), name)
        .await?
        .ok_or_else(|| Error::MembershipNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    if is_protected_membership(name) {
        return Err(Error::Protected(membership.name));
    }
    memberships::delete(tx, name, version, &membership).await?;
    change_requests::cancel(tx, name).await?;
    Ok(membership)
}
