use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::{
    common::v1::Propagation,
    membership::v1::{Organization, UpdateOrganizationRequest, UpdateOrganizationResponse},
};
use authz::Context;
use membership_core::is_protected_organization;
use service::{expect_etag, parse, required};
use types::OrganizationId;

use super::App;
use crate::{error::Error, store::organizations};

/// Changes the fields that the mask names; returns once the change has propagated.
pub(crate) async fn update_organization(
    app: &App,
    context: &Context,
    request: UpdateOrganizationRequest,
) -> Result<UpdateOrganizationResponse, Error> {
    let new = request.organization.clone().unwrap_or_default();
    let id = parse("organization.name", &new.name, OrganizationId::parse_name)?;
    let permit = app.permit(context, &id).await?;
    let mut response = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            let paths = request.update_mask.unwrap_or_default().paths;
            let (organization, demand) = update(&mut tx, &id, new, &paths).await?;
            match demand {
                None => {}
                Some(true) => {
                    let only = request.validate_only;
                    app.demand(context, &tx, &permit, &id, only).await?;
                }
                Some(false) => app.check_restoration(context, &permit, (&id, "")).await?,
            }
            tx.finish(|consistency_token| UpdateOrganizationResponse {
                organization: Some(organization),
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

/// Returns the organization, and the new `subscription_required` if it has changed.
async fn update(
    tx: &mut WriteTx,
    id: &OrganizationId,
    new: Organization,
    paths: &[String],
) -> Result<(Organization, Option<bool>), Error> {
    organizations::hold(tx, id).await?;
    let (mut organization, version) = organizations::find(tx.connection(), id)
        .await?
        .ok_or_else(Fault::denied)?;
    expect_etag(&new.etag, version)?;
    let before = organization.subscription_required;
    for path in paths {
        match path.as_str() {
            "display_name" => organization.display_name.clone_from(&new.display_name),
            "subscription_required" => {
                organization.subscription_required = new.subscription_required;
            }
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    required("organization.display_name", &organization.display_name)?;
    // The operator's staff have no agreement that could carry a subscription: all would be locked
    // out.
    if organization.subscription_required && is_protected_organization(id) {
        return Err(Error::Protected(organization.name));
    }
    let organization = organizations::update(tx, id, version, organization).await?;
    let demanded = organization.subscription_required;
    Ok((organization, (demanded != before).then_some(demanded)))
}
