use ::rpc::{expect_etag, parse};
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{Grant, GrantState, RevokeGrantRequest, RevokeGrantResponse};
use authority::Context;
use base::{GrantId, In};

use super::{App, grant_rules::window};
use crate::{
    error::Error,
    facts::Piece,
    store::grants::{self, Changed},
};

/// Takes a role away; returns once every later check sees it.
pub(crate) async fn revoke_grant(
    app: &App,
    context: &Context,
    request: RevokeGrantRequest,
) -> Result<RevokeGrantResponse, Error> {
    let name = parse("name", &request.name, In::<GrantId>::parse_name)?;
    let permit = app.permit_in(context, &name.organization).await?;
    let mut response: RevokeGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let revoked = revoke(&mut tx, &name, &request.etag).await?;
            tx.finish(|consistency_token| RevokeGrantResponse {
                grant: Some(revoked),
                consistency_token,
                ..RevokeGrantResponse::default()
            })
            .await?
        }
    };
    let propagation = app.settle(context, &response.consistency_token).await;
    response.set_propagation(propagation);
    Ok(response)
}

pub(super) async fn revoke(
    tx: &mut WriteTx,
    name: &In<GrantId>,
    etag: &str,
) -> Result<Grant, Error> {
    let organization = &name.organization;
    let (grant, version) = grants::find(tx.connection(), organization, &name.id)
        .await?
        .ok_or_else(|| Error::GrantNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    if grant.state() == GrantState::Revoked {
        return Err(Error::WrongState {
            name: grant.name,
            state: "revoked",
        });
    }
    let (start, end) = window(grant.start_time.as_ref(), grant.end_time.as_ref(), "")?;
    let changed = Changed {
        scope: grant.scope.unwrap_or_default(),
        start,
        end,
        revoked: true,
    };
    let revoked = grants::update(tx, organization, &name.id, version, changed).await?;
    let subject = revoked.subject.as_str().into();
    tx.emit(
        Piece::Member(organization.clone(), subject).entity(),
        Vec::new(),
    );
    Ok(revoked)
}
