use ::store::{StoreError, Turn, WriteTx};
use api::entitlement::v1::{CreateGrantRequest, CreateGrantResponse, Grant};
use authz::{Context, Permit};
use service::parse;
use types::{Id, OrganizationId};

use super::{
    App,
    delegation::{self, retain_visible},
    grant_rules, separation_of_duties,
};
use crate::{
    error::{Error, some_of},
    facts::FactKey,
    store::grants::{self, NewGrant},
};

/// Creates a grant.
pub(crate) async fn create_grant(
    app: &App,
    context: &Context,
    request: CreateGrantRequest,
) -> Result<CreateGrantResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let grant = request.grant.clone().unwrap_or_default();
    let grant = grant_rules::read(&organization, grant, &request.grant_id, "")?;
    let response: CreateGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let mut given = give(app, context, &mut tx, &permit, &organization, &[grant]).await?;
            separation_of_duties::check((app, context), &tx, &organization, &given).await?;
            let grant = given.pop();
            tx.finish(|consistency_token| CreateGrantResponse {
                grant,
                consistency_token,
            })
            .await?
        }
    };
    app.await_propagation(context, &response.consistency_token)
        .await;
    Ok(response)
}

/// Checks and inserts grants. The caller must check separation of duties afterwards.
pub(super) async fn give(
    app: &App,
    context: &Context,
    tx: &mut WriteTx,
    permit: &Permit,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<Vec<Grant>, Error> {
    delegation::check_can_grant(app, context, organization, grants).await?;
    let uids = grant_rules::check(tx, organization, grants).await?;
    let given = match grants::insert(tx, organization, permit.holder(), grants, &uids).await {
        Err(StoreError::Duplicate(_)) => {
            return Err(taken(app, context, organization, grants).await?);
        }
        other => other?,
    };
    for grant in grants {
        let piece = FactKey::Member(organization.clone(), grant.subject.as_str().into());
        tx.emit(piece.entity(), Vec::new());
    }
    Ok(given)
}

/// Returns the error for grant ids that are taken. If the caller may not see the existing grant,
/// the error is the same as for a grant that the caller could not create, so it does not reveal the
/// grant.
async fn taken(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    grants: &[NewGrant],
) -> Result<Error, Error> {
    let ids: Vec<&str> = grants.iter().map(|grant| grant.id.as_str()).collect();
    let now = app.engine.clock.now();
    // The grants with these ids were committed before this write began, because the write holds the
    // log lock.
    let found = grants::of_ids(app.store.reader(), organization, &ids).await?;
    let found = found.iter().map(|row| grants::grant(row, now));
    let found: Vec<Grant> = found.collect::<Result<_, _>>()?;
    for grant in grants {
        let name = format!("{}/grants/{}", organization.name(), grant.id);
        let other: Vec<Grant> = found
            .iter()
            .filter(|own| own.name == name)
            .cloned()
            .collect();
        if !other.is_empty()
            && retain_visible(app, context, organization, other)
                .await?
                .is_empty()
        {
            return Ok(Error::ScopeExceedsGrantor(grant.role.to_string()));
        }
    }
    Ok(Error::GrantExists(some_of(&ids)))
}
