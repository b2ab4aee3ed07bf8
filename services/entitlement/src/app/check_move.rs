use ::rpc::parse;
use api::entitlement::v1::{CheckMoveRequest, CheckMoveResponse};
use authority::Context;
use base::{OrganizationId, Subject};

use super::{App, widening};
use crate::error::Error;

/// Whether somebody may move a place: not to where they hold more.
pub(crate) async fn check_move(
    app: &App,
    context: &Context,
    request: CheckMoveRequest,
) -> Result<CheckMoveResponse, Error> {
    app.permit(context).await?;
    let caller = parse("caller", &request.caller, Subject::parse_name)?.to_string();
    let field = "organization";
    let organization = parse(field, &request.organization, OrganizationId::parse_name)?;
    let places = (&*request.before, &*request.after);
    widening::by_move(app, &caller, &organization, places).await?;
    Ok(CheckMoveResponse {})
}
