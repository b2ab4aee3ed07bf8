use ::rpc::{Fault, expect_etag, parse};
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{Grant, GrantState, UpdateGrantRequest, UpdateGrantResponse};
use authority::Context;
use base::{GrantId, In, RoleName};

use super::{
    App,
    grant_rules::{check, permit_role, read},
};
use crate::{
    error::Error,
    facts::Piece,
    store::grants::{self, Changed},
};

/// Changes where and when a grant holds.
pub(crate) async fn update_grant(
    app: &App,
    context: &Context,
    request: UpdateGrantRequest,
) -> Result<UpdateGrantResponse, Error> {
    let asked = request.grant.clone().unwrap_or_default();
    let name = parse("grant.name", &asked.name, In::<GrantId>::parse_name)?;
    let permit = app.permit_in(context, &name.organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let found = grants::find(app.store.reader(), &name.organization, &name.id).await?;
    let (grant, _) = found.ok_or_else(|| Error::GrantNotFound(name.to_string()))?;
    let role = parse("grant.role", &grant.role, RoleName::parse_name)?;
    permit_role(app, context, &name.organization, &role).await?;
    let mut response: UpdateGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let paths = request.update_mask.unwrap_or_default().paths;
            let changed = change(&mut tx, &name, asked, &paths).await?;
            tx.finish(|consistency_token| UpdateGrantResponse {
                grant: Some(changed),
                consistency_token,
                ..UpdateGrantResponse::default()
            })
            .await?
        }
    };
    let propagation = app.settle(context, &response.consistency_token).await;
    response.set_propagation(propagation);
    Ok(response)
}

pub(super) async fn change(
    tx: &mut WriteTx,
    name: &In<GrantId>,
    asked: Grant,
    paths: &[String],
) -> Result<Grant, Error> {
    let organization = &name.organization;
    let (mut grant, version) = grants::find(tx.connection(), organization, &name.id)
        .await?
        .ok_or_else(|| Error::GrantNotFound(name.to_string()))?;
    expect_etag(&asked.etag, version)?;
    if grant.state() == GrantState::Revoked {
        return Err(Error::WrongState {
            name: grant.name,
            state: "revoked",
        });
    }
    for path in paths {
        match path.as_str() {
            "scope" => grant.scope.clone_from(&asked.scope),
            "start_time" => grant.start_time = asked.start_time,
            "end_time" => grant.end_time = asked.end_time,
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    // What a change makes of a grant is held to what a new grant is held to.
    let subject = grant.subject.clone();
    let new = read(organization, grant, base::Id::as_str(&name.id), "")?;
    check(tx, organization, std::slice::from_ref(&new)).await?;
    let changed = Changed {
        scope: new.scope,
        start: new.start,
        end: new.end,
        revoked: false,
    };
    let changed = grants::update(tx, organization, &name.id, version, changed).await?;
    tx.emit(
        Piece::Member(organization.clone(), subject.into()).entity(),
        Vec::new(),
    );
    Ok(changed)
}
