use ::rpc::parse;
use ::store::{StoreError, Turn, WriteTx};
use api::entitlement::v1::{CreateGrantRequest, CreateGrantResponse, Grant};
use authority::{Context, Permit};
use base::{Id, OrganizationId};

use super::{App, grant_power, grant_rules, separations};
use crate::{
    error::{Error, some_of},
    facts::Piece,
    store::grants::{self, NewGrant},
};

/// Gives a member a role.
pub(crate) async fn create_grant(
    app: &App,
    context: &Context,
    request: CreateGrantRequest,
) -> Result<CreateGrantResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let grant = request.grant.clone().unwrap_or_default();
    let grant = grant_rules::read(&organization, grant, &request.grant_id, "")?;
    let response: CreateGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lead(&tx).await?;
            let mut given = give(app, context, &mut tx, &permit, &organization, &[grant]).await?;
            separations::check((app, context), &tx, &organization, &given).await?;
            let grant = given.pop();
            tx.finish(|consistency_token| CreateGrantResponse {
                grant,
                consistency_token,
            })
            .await?
        }
    };
    app.settle(context, &response.consistency_token).await;
    Ok(response)
}

/// Checks grants and inserts them. What they join with others is to be looked at besides.
pub(super) async fn give(
    app: &App,
    context: &Context,
    tx: &mut WriteTx,
    permit: &Permit,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<Vec<Grant>, Error> {
    grant_power::give(app, context, organization, grants).await?;
    let uids = grant_rules::check(tx, organization, grants).await?;
    let given = match grants::insert(tx, organization, permit.holder(), grants, &uids).await {
        Err(StoreError::Duplicate(_)) => {
            let ids: Vec<&str> = grants.iter().map(|grant| grant.id.as_str()).collect();
            return Err(Error::GrantExists(some_of(&ids)));
        }
        other => other?,
    };
    for grant in grants {
        let piece = Piece::Member(organization.clone(), grant.subject.as_str().into());
        tx.emit(piece.entity(), Vec::new());
    }
    Ok(given)
}
