use ::rpc::Fault;
use ::store::{Turn, WriteTx};
use api::entitlement::v1::{CustomRole, UpdateCustomRoleRequest, UpdateCustomRoleResponse};
use authz::Context;
use service::expect_etag;
use types::{OrganizationId, RoleName};

use super::{App, custom_role_rules as rules, separation_of_duties};
use crate::{error::Error, facts::FactKey, store::custom_roles};

/// Changes a custom role, for all its holders.
pub(crate) async fn update_custom_role(
    app: &App,
    context: &Context,
    request: UpdateCustomRoleRequest,
) -> Result<UpdateCustomRoleResponse, Error> {
    let asked = request.custom_role.clone().unwrap_or_default();
    let (organization, name) = rules::parse_name("custom_role.name", &asked.name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let mut response: UpdateCustomRoleResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            let paths = request.update_mask.unwrap_or_default().paths;
            let role = (&organization, &name);
            let changed = change(app, context, &mut tx, role, asked, &paths).await?;
            tx.finish(|consistency_token| UpdateCustomRoleResponse {
                custom_role: Some(changed),
                consistency_token,
                ..UpdateCustomRoleResponse::default()
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

async fn change(
    app: &App,
    context: &Context,
    tx: &mut WriteTx,
    (organization, name): (&OrganizationId, &RoleName),
    asked: CustomRole,
    paths: &[String],
) -> Result<CustomRole, Error> {
    let found = custom_roles::find(tx.connection(), organization, name).await?;
    let (before, version) = found.ok_or_else(|| Error::RoleNotFound(name.to_string()))?;
    let mut role = before.clone();
    for path in paths {
        match path.as_str() {
            "display_name" => role.display_name.clone_from(&asked.display_name),
            "description" => role.description.clone_from(&asked.description),
            "permissions" => role.permissions.clone_from(&asked.permissions),
            _ => return Err(Fault::immutable(path).into()),
        }
    }
    let held = (&*before.permissions, &*role.permissions);
    rules::granter_facts(app, context, tx, name, held).await?;
    expect_etag(&asked.etag, version)?;
    rules::check(tx, organization, name, &mut role).await?;
    let changed = custom_roles::update(tx, organization, name, version, &role).await?;
    separation_of_duties::check_holders((app, context), tx, organization, name).await?;
    tx.emit(
        FactKey::Organization(organization.clone()).entity(),
        Vec::new(),
    );
    Ok(changed)
}
