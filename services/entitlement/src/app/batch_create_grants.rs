use ::rpc::Fault;
use ::store::Turn;
use api::entitlement::v1::{
    BatchCreateGrantsRequest, BatchCreateGrantsResponse, CreateGrantRequest,
};
use authz::Context;
use service::parse;
use types::OrganizationId;

use super::{App, create_grant::give, grant_rules, preconditions, separation_of_duties};
use crate::{error::Error, store::grants::NewGrant};

/// Creates grants, all or none.
pub(crate) async fn batch_create_grants(
    app: &App,
    context: &Context,
    request: BatchCreateGrantsRequest,
) -> Result<BatchCreateGrantsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let grants = request
        .requests
        .iter()
        .enumerate()
        .map(|(index, item)| read(&organization, item, &format!("requests[{index}]")))
        .collect::<Result<Vec<_>, _>>()?;
    let response: BatchCreateGrantsResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let first = &request.preconditions;
            preconditions::check(app, context, &tx, &organization, first).await?;
            let grants = give(app, context, &mut tx, &permit, &organization, &grants).await?;
            separation_of_duties::check((app, context), &tx, &organization, &grants).await?;
            tx.finish(|consistency_token| BatchCreateGrantsResponse {
                grants,
                consistency_token,
            })
            .await?
        }
    };
    app.await_propagation(context, &response.consistency_token)
        .await;
    Ok(response)
}

/// Parses one of several grants; `at` is its path in the request.
pub(super) fn read(
    organization: &OrganizationId,
    item: &CreateGrantRequest,
    at: &str,
) -> Result<NewGrant, Error> {
    if !item.parent.is_empty() && item.parent != organization.name() {
        let field = format!("{at}.parent");
        return Err(Fault::field(field, "must be that of the batch").into());
    }
    let own =
        !item.request_id.is_empty() || item.validate_only || !item.consistency_token.is_empty();
    if own {
        return Err(Fault::field(at, "is part of a batch").into());
    }
    let grant = item.grant.clone().unwrap_or_default();
    grant_rules::read(organization, grant, &item.grant_id, &format!("{at}."))
}
