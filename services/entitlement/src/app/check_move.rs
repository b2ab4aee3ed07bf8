use ::rpc::Fault;
use api::entitlement::v1::{CheckMoveRequest, CheckMoveResponse};
use authz::Context;
use service::parse;
use types::{In, InvalidName, OrganizationId, ResourceId, Subject, UnitId};

use super::{App, widening};
use crate::error::Error;

/// Checks that the caller may move a unit or a resource: the move must not widen the caller's own
/// access.
pub(crate) async fn check_move(
    app: &App,
    context: &Context,
    request: CheckMoveRequest,
) -> Result<CheckMoveResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?.to_string();
    let field = "organization";
    let organization = parse(field, &request.organization, OrganizationId::parse_name)?;
    check_places("before", &organization, &request.before)?;
    check_places("after", &organization, &request.after)?;
    let places = (&*request.before, &*request.after);
    widening::by_move(app, &caller, &organization, places).await?;
    Ok(CheckMoveResponse {})
}

/// Checks that all names are units and resources of the organization.
fn check_places(field: &str, organization: &OrganizationId, names: &[String]) -> Result<(), Fault> {
    for name in names {
        if parse(field, name, organization_of)? != *organization {
            return Err(Fault::field(field, "is of another organization"));
        }
    }
    Ok(())
}

/// Returns the organization of a unit or a resource.
fn organization_of(name: &str) -> Result<OrganizationId, InvalidName> {
    let unit = In::<UnitId>::parse_name(name).map(|name| name.organization);
    unit.or_else(|_| In::<ResourceId>::parse_name(name).map(|name| name.organization))
}
