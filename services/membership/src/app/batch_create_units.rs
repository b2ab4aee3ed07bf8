use ::store::Turn;
use api::membership::v1::{BatchCreateUnitsRequest, BatchCreateUnitsResponse};
use authz::Context;
use service::parse;
use types::OrganizationId;

use super::{
    App,
    create_unit::{insert, new_unit},
    reference::check_part,
};
use crate::error::Error;

/// Creates units, all or none.
pub(crate) async fn batch_create_units(
    app: &App,
    context: &Context,
    request: BatchCreateUnitsRequest,
) -> Result<BatchCreateUnitsResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let parts = request.requests.into_iter().enumerate();
    let new = parts
        .map(|(index, part)| {
            let at = format!("requests[{index}].");
            check_part(&at, &part, &part.parent, &request.parent)?;
            new_unit(&organization, part, &at)
        })
        .collect::<Result<_, _>>()?;
    let units = insert(&mut tx, &organization, new).await?;
    Ok(tx
        .finish(|consistency_token| BatchCreateUnitsResponse {
            units,
            consistency_token,
        })
        .await?)
}
