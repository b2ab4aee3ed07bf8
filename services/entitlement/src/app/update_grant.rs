use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{Grant, GrantState, UpdateGrantRequest, UpdateGrantResponse};
use authz::Context;
use service::{expect_etag, parse};
use types::{GrantId, Id, In, OrganizationId};

use super::{
    App, delegation, grant_rules,
    required_holders::{self, Keepers},
    separation_of_duties,
};
use crate::{
    error::Error,
    facts::FactKey,
    store::grants::{self, NewGrant},
};

/// Changes the scope, validity and condition of a grant, and whether it may be delegated.
pub(crate) async fn update_grant(
    app: &App,
    context: &Context,
    request: UpdateGrantRequest,
) -> Result<UpdateGrantResponse, Error> {
    let asked = request.grant.clone().unwrap_or_default();
    let name = parse("grant.name", &asked.name, In::<GrantId>::parse_name)?;
    let permit = app.permit_to_give(context, &name.organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let mut response: UpdateGrantResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let paths = request.update_mask.unwrap_or_default().paths;
            let held = ExistingGrant::find(&tx, &name).await?;
            let concerned = required_holders::concerns(&held.known.role.to_string());
            let kept = Keepers::before(app, &tx, &name.organization, concerned).await?;
            let asked = (asked, &*paths);
            let changed = change(app, context, &mut tx, &name, held, asked).await?;
            kept.after(app, &tx).await?;
            let written = std::slice::from_ref(&changed);
            separation_of_duties::check((app, context), &tx, &name.organization, written).await?;
            tx.finish(|consistency_token| UpdateGrantResponse {
                grant: Some(changed),
                consistency_token,
                ..UpdateGrantResponse::default()
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

/// Changes a grant, if the caller may. The use case must check separation of duties and the
/// required holders.
pub(super) async fn change(
    app: &App,
    context: &Context,
    tx: &mut WriteTx,
    name: &In<GrantId>,
    held: ExistingGrant,
    (asked, paths): (Grant, &[String]),
) -> Result<Grant, Error> {
    let organization = &name.organization;
    held.check(app, context, organization, &asked.etag).await?;
    let mut grant = held.grant;
    for path in paths {
        match path.as_str() {
            // A scope that the request clears does not become the whole organization.
            "scope" => grant.scope = Some(asked.scope.clone().unwrap_or_default()),
            "start_time" => grant.start_time = asked.start_time,
            "end_time" => grant.end_time = asked.end_time,
            "can_delegate" => grant.can_delegate = asked.can_delegate,
            "condition" => grant.condition.clone_from(&asked.condition),
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    // The changed grant must meet the rules of a new grant.
    let after = grant_rules::read(organization, grant, name.id.as_str(), "")?;
    let given = std::slice::from_ref(&after);
    delegation::check_can_grant(app, context, organization, given).await?;
    let uids = grant_rules::check(tx, organization, given).await?;
    let uids = paths.iter().any(|path| path == "scope").then_some(&uids);
    let changed = grants::update(tx, organization, held.version, &after, uids).await?;
    let piece = FactKey::Member(organization.clone(), after.subject.into());
    tx.emit(piece.entity(), Vec::new());
    Ok(changed)
}

/// A grant that has not ended, as protobuf and as parsed, with its version.
#[derive(Debug)]
pub(super) struct ExistingGrant {
    pub(super) grant: Grant,
    pub(super) known: NewGrant,
    pub(super) version: i64,
}

impl ExistingGrant {
    pub(super) async fn find(tx: &WriteTx, name: &In<GrantId>) -> Result<Self, Error> {
        let found = grants::find(tx.connection(), &name.organization, &name.id, tx.now()).await?;
        let (grant, version) = found.ok_or_else(|| Error::GrantNotFound(name.to_string()))?;
        let known = Self::read(&name.organization, &grant)?;
        Ok(Self {
            grant,
            known,
            version,
        })
    }

    /// Parses a stored grant.
    pub(super) fn read(organization: &OrganizationId, grant: &Grant) -> Result<NewGrant, Error> {
        // Ignore the condition: a grant whose condition cannot be parsed any more can still be
        // revoked.
        let held = Grant {
            condition: String::new(),
            ..grant.clone()
        };
        let id = grant.name.rsplit('/').next().unwrap_or_default();
        grant_rules::read(organization, held, id, "")
    }

    /// Checks that the caller may change or revoke the grant, and knows its current version.
    pub(super) async fn check(
        &self,
        app: &App,
        context: &Context,
        organization: &OrganizationId,
        etag: &str,
    ) -> Result<(), Error> {
        delegation::check_can_release(app, context, organization, &self.known).await?;
        expect_etag(etag, self.version)?;
        if self.grant.state() == GrantState::Revoked {
            return Err(Error::WrongState {
                name: self.grant.name.clone(),
                state: "revoked",
            });
        }
        Ok(())
    }
}
