use ::store::{Turn, WriteTx};
use api::entitlement::v1::{Grant, RevokeGrantRequest, RevokeGrantResponse};
use authz::Context;
use service::parse;
use types::{GrantId, Id, In};

use super::{
    App,
    delegation::{self, GrantEditor},
    required_holders::{self, Keepers},
    update_grant::ExistingGrant,
};
use crate::{error::Error, facts::FactKey, store::grants};

/// Revokes a grant; returns once the change has propagated.
pub(crate) async fn revoke_grant(
    app: &App,
    context: &Context,
    request: RevokeGrantRequest,
) -> Result<RevokeGrantResponse, Error> {
    let name = parse("name", &request.name, In::<GrantId>::parse_name)?;
    let permit = app.permit_to_give(context, &name.organization).await?;
    let owns = delegation::owns(app, context, &name.organization).await?;
    let mut response: RevokeGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let by = GrantEditor {
                app,
                context,
                permit: &permit,
                owns,
            };
            let held = ExistingGrant::find(&tx, &name).await?;
            let concerned = required_holders::concerns(&held.known.role.to_string());
            let kept = Keepers::before(app, &tx, &name.organization, concerned).await?;
            let revoked = revoke(&by, &mut tx, &name, held, &request.etag).await?;
            kept.after(app, &tx).await?;
            tx.finish(|consistency_token| RevokeGrantResponse {
                grant: Some(revoked),
                consistency_token,
                ..RevokeGrantResponse::default()
            })
            .await?
        }
    };
    let propagation = app
        .await_propagation(context, &response.consistency_token)
        .await;
    response.set_propagation(propagation);
    Ok(response)
}

/// Revokes a grant, if the caller may. The use case must check the required holders.
pub(super) async fn revoke(
    by: &GrantEditor<'_>,
    tx: &mut WriteTx,
    name: &In<GrantId>,
    held: ExistingGrant,
    etag: &str,
) -> Result<Grant, Error> {
    let organization = &name.organization;
    let holder = by.permit.holder();
    if let Err(refused) = held.check(by.app, by.context, organization, etag).await {
        // If two owners revoke each other concurrently, the second gets the error that no owner
        // would be left, not that it is no longer an owner.
        if by.owns
            && held.known.subject != holder
            && required_holders::concerns(&held.known.role.to_string())
        {
            let keepers = Keepers::read(by.app, tx, organization).await?;
            keepers.without(name.id.as_str())?;
        }
        return Err(refused);
    }
    let revoked = grants::revoke(tx, organization, &name.id, held.version, holder).await?;
    let piece = FactKey::Member(organization.clone(), held.known.subject.into());
    tx.emit(piece.entity(), Vec::new());
    Ok(revoked)
}
