use api::entitlement::v1::{GetCustomRoleRequest, GetCustomRoleResponse};
use authz::Context;

use super::{App, custom_role_rules as rules};
use crate::{error::Error, store::custom_roles};

/// Returns one custom role.
pub(crate) async fn get_custom_role(
    app: &App,
    context: &Context,
    request: GetCustomRoleRequest,
) -> Result<GetCustomRoleResponse, Error> {
    let (organization, name) = rules::parse_name("name", &request.name)?;
    app.permit_anywhere_in(context, &organization).await?;
    let found = custom_roles::find(app.store.reader(), &organization, &name).await?;
    let (role, _) = found.ok_or(Error::RoleNotFound(request.name))?;
    Ok(GetCustomRoleResponse {
        custom_role: Some(role),
    })
}
