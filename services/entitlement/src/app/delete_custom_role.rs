use ::store::{Turn, WriteTx};
use api::entitlement::v1::{CustomRole, DeleteCustomRoleRequest, DeleteCustomRoleResponse};
use authz::Context;
use service::expect_etag;
use types::{OrganizationId, RoleName};

use super::{App, custom_role_rules as rules};
use crate::{
    error::Error,
    facts::FactKey,
    store::{custom_roles, grants},
};

/// Deletes a custom role that nobody holds.
pub(crate) async fn delete_custom_role(
    app: &App,
    context: &Context,
    request: DeleteCustomRoleRequest,
) -> Result<DeleteCustomRoleResponse, Error> {
    let (organization, name) = rules::parse_name("name", &request.name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    let mut response: DeleteCustomRoleResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let role = (&organization, &name);
            let deleted = delete(app, context, &mut tx, role, &request.etag).await?;
            tx.finish(|consistency_token| DeleteCustomRoleResponse {
                custom_role: Some(deleted),
                consistency_token,
                ..DeleteCustomRoleResponse::default()
            })
            .await?
        }
    };
    let propagation = app
        .await_propagation(context, &response.consistency_token)
        .await;
    response.set_propagation(propagation);
    Ok(response)
}

async fn delete(
    app: &App,
    context: &Context,
    tx: &mut WriteTx,
    (organization, name): (&OrganizationId, &RoleName),
    etag: &str,
) -> Result<CustomRole, Error> {
    let found = custom_roles::find(tx.connection(), organization, name).await?;
    let (role, version) = found.ok_or_else(|| Error::RoleNotFound(name.to_string()))?;
    rules::granter_facts(app, context, tx, name, (&role.permissions, &[])).await?;
    expect_etag(etag, version)?;
    if grants::is_held(tx.connection(), name).await? {
        return Err(Error::RoleHeld(name.to_string()));
    }
    custom_roles::delete(tx, organization, name, version).await?;
    tx.emit(
        FactKey::Organization(organization.clone()).entity(),
        Vec::new(),
    );
    Ok(role)
}
