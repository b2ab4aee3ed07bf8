use ::store::{StoreError, Turn, WriteTx};
use api::entitlement::v1::{CreateCustomRoleRequest, CreateCustomRoleResponse, CustomRole};
use authz::Context;
use service::parse;
use types::{OrganizationId, RoleName};

use super::{App, custom_role_rules as rules};
use crate::{error::Error, facts::FactKey, store::custom_roles};

/// Creates a custom role.
pub(crate) async fn create_custom_role(
    app: &App,
    context: &Context,
    request: CreateCustomRoleRequest,
) -> Result<CreateCustomRoleResponse, Error> {
    let organization = parse("parent", &request.parent, OrganizationId::parse_name)?;
    let permit = app.permit_to_give(context, &organization).await?;
    app.await_token(context, &request.consistency_token).await?;
    let role = request.custom_role.clone().unwrap_or_default();
    let name = rules::name(&organization, &role, &request.custom_role_id)?;
    let response: CreateCustomRoleResponse = match app.store.begin(&permit, &request).await? {
        Turn::Repeat(response) => response,
        Turn::Write(mut tx) => {
            app.lock_log(&tx).await?;
            rules::granter_facts(app, context, &tx, &name, (&[], &role.permissions)).await?;
            let created = create(&mut tx, &organization, &name, role).await?;
            tx.finish(|consistency_token| CreateCustomRoleResponse {
                custom_role: Some(created),
                consistency_token,
            })
            .await?
        }
    };
    app.await_propagation(context, &response.consistency_token)
        .await;
    Ok(response)
}

async fn create(
    tx: &mut WriteTx,
    organization: &OrganizationId,
    name: &RoleName,
    mut role: CustomRole,
) -> Result<CustomRole, Error> {
    rules::check(tx, organization, name, &mut role).await?;
    if custom_roles::count(tx.connection(), organization).await? >= rules::MAX_CUSTOM_ROLES {
        return Err(Error::TooManyRoles(rules::MAX_CUSTOM_ROLES));
    }
    let created = match custom_roles::insert(tx, organization, name, &role).await {
        Err(StoreError::Duplicate(_)) => return Err(Error::RoleExists(name.to_string())),
        other => other?,
    };
    tx.emit(
        FactKey::Organization(organization.clone()).entity(),
        Vec::new(),
    );
    Ok(created)
}
