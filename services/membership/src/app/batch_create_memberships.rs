use ::rpc::Fault;
use ::store::Turn;
use api::membership::v1::{BatchCreateMembershipsRequest, BatchCreateMembershipsResponse};
use authz::Context;
use service::parse;
use types::OrganizationId;

use super::{
    App,
    create_membership::{check_subjects, insert, new_membership},
    reference::check_part,
};
use crate::{error::Error, store::memberships::NewMembership};

/// Creates memberships of users and service accounts, all or none.
pub(crate) async fn batch_create_memberships(
    app: &App,
    context: &Context,
    request: BatchCreateMembershipsRequest,
) -> Result<BatchCreateMembershipsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let new = new_memberships(&request)?;
    check_subjects(app, context, &new).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let memberships = insert(&mut tx, &organization, new).await?;
    Ok(tx
        .finish(|consistency_token| BatchCreateMembershipsResponse {
            memberships,
            consistency_token,
        })
        .await?)
}

fn new_memberships(request: &BatchCreateMembershipsRequest) -> Result<Vec<NewMembership>, Fault> {
    let parts = request.requests.iter().enumerate();
    parts
        .map(|(index, part)| {
            let at = format!("requests[{index}].");
            check_part(&at, part, &part.parent, &request.parent)?;
            new_membership(part, &at)
        })
        .collect()
}
