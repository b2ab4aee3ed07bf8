use ::rpc::Fault;
use api::entitlement::v1::{DiffApplicationRequest, DiffApplicationResponse, RoleDifference};
use authz::Context;
use entitlement_core::difference;
use service::{expect_etag, parse};
use types::ApplicationId;

use super::{App, application_rules, update_application::merge};
use crate::{
    catalog,
    error::Error,
    store::{applications, grants},
};

/// Returns the effect that an update of an application would have on the permissions of its roles'
/// holders.
pub(crate) async fn diff_application(
    app: &App,
    context: &Context,
    request: DiffApplicationRequest,
) -> Result<DiffApplicationResponse, Error> {
    let asked = request.application.unwrap_or_default();
    let id = parse("application.name", &asked.name, ApplicationId::parse_name)?;
    app.permit(context).await?;
    let reader = app.store.reader();
    let (old, version) = applications::find(reader, &id)
        .await?
        .ok_or_else(|| Error::ApplicationNotFound(asked.name.clone()))?;
    expect_etag(&asked.etag, version)?;
    let paths = request.update_mask.unwrap_or_default().paths;
    let new = application_rules::definition(&id, &merge(&old, &asked, &paths)?)?;
    let old_definition = catalog::definition(&old).map_err(Fault::internal)?;
    let found = difference(&old_definition, &new).map_err(Fault::internal)?;
    let now = app.engine.clock.now();
    let mut response = DiffApplicationResponse {
        version: old.version,
        ..DiffApplicationResponse::default()
    };
    for found in found {
        let holders = grants::holders(reader, &id, &found.role, now).await?;
        let permissions = i64::try_from(found.added.len() + found.removed.len());
        response.decisions += holders.saturating_mul(permissions.unwrap_or(i64::MAX));
        response.differences.push(RoleDifference {
            role: format!("{}/roles/{}", old.name, found.role),
            added: found.added,
            removed: found.removed,
            holders,
        });
    }
    Ok(response)
}
