use ::rpc::parse;
use ::store::{StoreError, Turn, WriteTx};
use api::entitlement::v1::{CreateGrantRequest, CreateGrantResponse, Grant};
use authority::{Context, Permit};
use base::OrganizationId;

use super::{App, grant_rules};
use crate::{
    error::Error,
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
    let permit = app.permit_in(context, &organization).await?;
    app.follow(context, &request.consistency_token).await?;
    let grant = request.grant.clone().unwrap_or_default();
    let grant = grant_rules::read(&organization, grant, &request.grant_id, "")?;
    grant_rules::permit_role(app, context, &organization, &grant.role).await?;
    let response: CreateGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            grant_rules::check(&tx, &organization, std::slice::from_ref(&grant)).await?;
            let mut given = give(&mut tx, &permit, &organization, vec![grant]).await?;
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

/// Inserts grants that were checked.
pub(super) async fn give(
    tx: &mut WriteTx,
    permit: &Permit,
    organization: &OrganizationId,
    grants: Vec<NewGrant>,
) -> Result<Vec<Grant>, Error> {
    for grant in &grants {
        let piece = Piece::Member(organization.clone(), grant.subject.as_str().into());
        tx.emit(piece.entity(), Vec::new());
    }
    let ids: Vec<String> = grants.iter().map(|grant| grant.id.to_string()).collect();
    match grants::insert(tx, organization, permit.holder(), grants).await {
        Err(StoreError::Duplicate(_)) => Err(Error::GrantExists(ids.join(", "))),
        other => Ok(other?),
    }
}
