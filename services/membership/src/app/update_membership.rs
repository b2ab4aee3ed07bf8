use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{Membership, UpdateMembershipRequest, UpdateMembershipResponse},
};
use authz::Context;
use service::{expect_etag, parse};
use types::{In, MembershipId};

use super::App;
use crate::{
    error::Error,
    store::{memberships, organizations},
};

/// Changes the fields that the mask names; returns once the change has propagated.
pub(crate) async fn update_membership(
    app: &App,
    context: &Context,
    request: UpdateMembershipRequest,
) -> Result<UpdateMembershipResponse, Error> {
    let new = request.membership.clone().unwrap_or_default();
    let name = parse("membership.name", &new.name, In::<MembershipId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let paths = request.update_mask.unwrap_or_default().paths;
            let (membership, change) = update(&mut tx, &name, new, &paths).await?;
            let member = (&name.organization, membership.subject.as_str());
            let only = request.validate_only;
            match change {
                None => {}
                Some(Eligibility::Lost) => app.release(context, &permit, member, only).await?,
                Some(Eligibility::Gained) => {
                    app.check_restoration(context, &permit, member).await?;
                }
            }
            tx.finish(|consistency_token| UpdateMembershipResponse {
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

/// The effect on a member's access.
enum Eligibility {
    Gained,
    Lost,
}

async fn update(
    tx: &mut WriteTx,
    name: &In<MembershipId>,
    new: Membership,
    paths: &[String],
) -> Result<(Membership, Option<Eligibility>), Error> {
    // The lock keeps `subscription_required` stable until the transaction ends.
    organizations::hold(tx, &name.organization).await?;
    let (mut membership, version) = memberships::find(tx.connection(), name)
        .await?
        .ok_or(Error::MembershipNotFound(new.name))?;
    expect_etag(&new.etag, version)?;
    let before = membership.subscription_active;
    for path in paths {
        match path.as_str() {
            "subscription_active" => membership.subscription_active = new.subscription_active,
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    let membership = memberships::update(tx, name, version, &membership).await?;
    let organization = organizations::find(tx.connection(), &name.organization).await?;
    let demanded = organization.is_some_and(|(found, _)| found.subscription_required);
    let change = match (before, membership.subscription_active) {
        (false, true) if demanded => Some(Eligibility::Gained),
        (true, false) if demanded => Some(Eligibility::Lost),
        _ => None,
    };
    Ok((membership, change))
}
