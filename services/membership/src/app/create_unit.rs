use std::collections::HashSet;

use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::membership::v1::{CreateUnitRequest, CreateUnitResponse, Unit};
use authz::Context;
use membership_core::{Misplaced, check_kind, check_number};
use service::{parse, required};
use types::{Id, In, OrganizationId, UnitId};

use super::{App, id_or_new, reference::parent_of};
use crate::{
    error::Error,
    store::{
        organizations,
        units::{self, NewUnit, tree},
    },
};

/// Creates a unit.
pub(crate) async fn create_unit(
    app: &App,
    context: &Context,
    request: CreateUnitRequest,
) -> Result<CreateUnitResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit(context, &organization).await?;
    let mut tx = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => return Ok(response),
        Turn::Write(tx) => tx,
    };
    let new = new_unit(&organization, request, "")?;
    let unit = insert(&mut tx, &organization, vec![new]).await?.pop();
    Ok(tx
        .finish(|consistency_token| CreateUnitResponse {
            unit,
            consistency_token,
        })
        .await?)
}

/// Validates a unit to create; `at` is the path of the request in the call.
pub(super) fn new_unit(
    organization: &OrganizationId,
    request: CreateUnitRequest,
    at: &str,
) -> Result<NewUnit, Fault> {
    let unit = request.unit.unwrap_or_default();
    required(&format!("{at}unit.display_name"), &unit.display_name)?;
    check_kind(&unit.kind)
        .map_err(|error| Fault::field(format!("{at}unit.kind"), error.to_string()))?;
    check_number(&unit.number)
        .map_err(|error| Fault::field(format!("{at}unit.number"), error.to_string()))?;
    let id = UnitId::parse(&id_or_new(&request.unit_id, 'u'))
        .map_err(|error| Fault::field(format!("{at}unit_id"), error.to_string()))?;
    let field = format!("{at}unit.parent_unit");
    let parent = parent_of(organization, &field, &unit.parent_unit)?;
    Ok(NewUnit { id, parent, unit })
}

/// Inserts units, all or none. A unit may be below an earlier one of the batch.
pub(super) async fn insert(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    units: Vec<NewUnit>,
) -> Result<Vec<Unit>, Error> {
    organizations::hold(tx, organization).await?;
    let named: HashSet<&UnitId> = units
        .iter()
        .flat_map(|new| new.parent.iter().chain([&new.id]))
        .collect();
    let mut tree = tree::above(tx.connection(), organization, &named).await?;
    for new in &units {
        tree.add(&new.id, new.parent.as_ref())
            .map_err(|error| misplaced(organization, error))?;
    }
    Ok(units::insert(tx, organization, units).await?)
}

/// Returns the error of a misplaced unit, with its resource name.
pub(super) fn misplaced(organization: &OrganizationId, error: Misplaced) -> Error {
    let name = |id| {
        let organization = organization.clone();
        In::<UnitId> { organization, id }.to_string()
    };
    match error {
        Misplaced::Taken(id) => Error::UnitExists(name(id)),
        Misplaced::Missing(id) => Error::UnitNotFound(name(id)),
        Misplaced::Cycle(id) => Error::UnitCycle(name(id)),
        Misplaced::TooDeep => Error::UnitTooDeep,
    }
}
