use ::rpc::Fault;
use ::store::{StoreError, Turn, WriteTx};
use api::membership::v1::{
    ChangeRequest, ChangeRequestState, CreateChangeRequestRequest, CreateChangeRequestResponse,
    change_request::Kind,
};
use authz::Context;
use membership_core::MAX_UNDECIDED;
use service::parse;
use types::{ChangeRequestId, Id, In, MembershipId, OrganizationId};

use super::{App, access_change_rules::complete, id_or_new, named_entities};
use crate::{
    error::Error,
    store::{change_requests, memberships, organizations},
};

/// Creates a draft: it changes nothing, and waits for no decision.
pub(crate) async fn create_change_request(
    app: &App,
    context: &Context,
    request: CreateChangeRequestRequest,
) -> Result<CreateChangeRequestResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let id = ChangeRequestId::parse(&id_or_new(&request.change_request_id, 'r'))
        .map_err(|error| Fault::field("change_request_id", error.to_string()))?;
    let asked = request.change_request.unwrap_or_default();
    let draft = ChangeRequest {
        kind: asked.kind,
        note: asked.note,
        state: ChangeRequestState::Draft.into(),
        requester: permit.holder().to_owned(),
        ..ChangeRequest::default()
    };
    let draft = insert(&mut tx, &In { organization, id }, draft).await?;
    Ok(tx
        .finish(|consistency_token| CreateChangeRequestResponse {
            change_request: Some(draft),
            consistency_token,
        })
        .await?)
}

async fn insert(
    tx: &mut WriteTx,
    name: &In<ChangeRequestId>,
    mut draft: ChangeRequest,
) -> Result<ChangeRequest, Error> {
    let organization = &name.organization;
    let (field, about) = match &draft.kind {
        Some(Kind::ChangeAccess(change)) => ("change_access", change.membership.as_str()),
        Some(Kind::Deactivate(deactivation)) => ("deactivate", deactivation.membership.as_str()),
        None => return Err(Fault::field("change_request.kind", "must be set").into()),
    };
    let field = format!("change_request.{field}.membership");
    let membership = parse(&field, about, In::<MembershipId>::parse_name)?;
    if membership.organization != *organization {
        return Err(Fault::field(field, "must be of the same organization").into());
    }
    organizations::hold(tx, organization).await?;
    let found = memberships::find(tx.connection(), &membership).await?;
    let subject = found.map(|(found, _)| found.subject);
    // Malformed fields are reported before absent entities.
    if let Some(Kind::ChangeAccess(change)) = &mut draft.kind {
        complete(organization, subject.as_deref(), change)?;
    }
    draft.subject = subject.ok_or_else(|| Error::MembershipNotFound(membership.to_string()))?;
    if change_requests::undecided(tx.connection(), &membership).await? >= MAX_UNDECIDED {
        return Err(Error::TooManyChangeRequests);
    }
    named_entities::note(tx.connection(), organization, &mut draft).await?;
    match change_requests::insert(tx, name, &membership.id, draft).await {
        Err(StoreError::Duplicate(_)) => Err(Error::ChangeRequestExists(name.to_string())),
        other => Ok(other?),
    }
}
