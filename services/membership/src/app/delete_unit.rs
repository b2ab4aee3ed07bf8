use ::store::{StoreError, Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{DeleteUnitRequest, DeleteUnitResponse, Unit},
};
use authz::Context;
use service::{expect_etag, parse};
use types::{In, UnitId};

use super::App;
use crate::{
    error::Error,
    store::{organizations, units},
};

/// Deletes a unit that has nothing below it; returns once the change has propagated.
pub(crate) async fn delete_unit(
    app: &App,
    context: &Context,
    request: DeleteUnitRequest,
) -> Result<DeleteUnitResponse, Error> {
    let name = parse("name", &request.name, In::<UnitId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let unit = delete(&mut tx, &name, &request.etag).await?;
            tx.finish(|consistency_token| DeleteUnitResponse {
                unit: Some(unit),
                consistency_token,
                propagation: Propagation::Unspecified.into(),
            })
            .await?
        }
    };
    let token = &response.consistency_token;
    response.propagation = app.propagated(context, token).await;
    Ok(response)
}

async fn delete(tx: &mut WriteTx, name: &In<UnitId>, etag: &str) -> Result<Unit, Error> {
    organizations::hold(tx, &name.organization).await?;
    let (unit, version) = units::find(tx.connection(), name)
        .await?
        .ok_or_else(|| Error::UnitNotFound(name.to_string()))?;
    expect_etag(etag, version)?;
    // The database refuses units that still have children, and inserts below a unit that is being
    // deleted.
    match units::delete(tx, name, version).await {
        Err(StoreError::Reference(_)) => Err(Error::UnitNotEmpty(unit.name)),
        other => Ok(other.map(|()| unit)?),
    }
}
