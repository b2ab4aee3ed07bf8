use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{Unit, UpdateUnitRequest, UpdateUnitResponse},
};
use authz::Context;
use service::{expect_etag, parse, required};
use types::{In, UnitId};

use super::{App, create_unit::misplaced, moved::Moved, reference::parent_of};
use crate::{
    error::Error,
    store::{
        organizations,
        units::{self, tree},
    },
};

/// Changes the fields that the mask names; returns once the change has propagated.
pub(crate) async fn update_unit(
    app: &App,
    context: &Context,
    request: UpdateUnitRequest,
) -> Result<UpdateUnitResponse, Error> {
    let new = request.unit.clone().unwrap_or_default();
    let name = parse("unit.name", &new.name, In::<UnitId>::parse_name)?;
    let permit = app.permit(context, &name.organization).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let paths = request.update_mask.unwrap_or_default().paths;
            let (unit, moved) = update(&mut tx, &name, new, &paths).await?;
            app.check_relocation(context, &permit, &name.organization, moved)
                .await?;
            tx.finish(|consistency_token| UpdateUnitResponse {
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

async fn update(
    tx: &mut WriteTx,
    name: &In<UnitId>,
    new: Unit,
    paths: &[String],
) -> Result<(Unit, Option<Moved>), Error> {
    organizations::hold(tx, &name.organization).await?;
    let (mut unit, version) = units::find(tx.connection(), name)
        .await?
        .ok_or(Error::UnitNotFound(new.name))?;
    expect_etag(&new.etag, version)?;
    let parent_before = parent_of(&name.organization, "unit.parent_unit", &unit.parent_unit)?;
    for path in paths {
        match path.as_str() {
            "display_name" => unit.display_name.clone_from(&new.display_name),
            "parent_unit" => unit.parent_unit.clone_from(&new.parent_unit),
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    required("unit.display_name", &unit.display_name)?;
    let parent = parent_of(&name.organization, "unit.parent_unit", &unit.parent_unit)?;
    if paths.iter().any(|path| path == "parent_unit") {
        check_place(tx, name, parent.as_ref()).await?;
    }
    let between = (parent_before.as_ref(), parent.as_ref());
    let moved = Moved::of(tx, &name.organization, name.to_string(), between).await?;
    let unit = units::update(tx, name, version, unit.display_name, parent.as_ref()).await?;
    Ok((unit, moved))
}

/// Checks that a unit, with everything below it, fits below `parent`.
async fn check_place(
    tx: &WriteTx,
    name: &In<UnitId>,
    parent: Option<&UnitId>,
) -> Result<(), Error> {
    let organization = &name.organization;
    let tree = tree::above(tx.connection(), organization, &parent.into_iter().collect()).await?;
    let height = tree::height(tx.connection(), name).await?;
    tree.check_move(&name.id, height, parent)
        .map_err(|error| misplaced(organization, error))
}
