use api::membership::v1::{GetUnitRequest, GetUnitResponse};
use authz::Context;
use service::parse;
use types::{In, UnitId};

use super::App;
use crate::{error::Error, store::units};

/// Returns one unit.
pub(crate) async fn get_unit(
    app: &App,
    context: &Context,
    request: GetUnitRequest,
) -> Result<GetUnitResponse, Error> {
    let name = parse("name", &request.name, In::<UnitId>::parse_name)?;
    app.permit(context, &name.organization).await?;
    let (unit, _) = units::find(app.store.reader(), &name)
        .await?
        .ok_or(Error::UnitNotFound(request.name))?;
    Ok(GetUnitResponse { unit: Some(unit) })
}
