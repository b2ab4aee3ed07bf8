//! `mandate role`.

use api::entitlement::v1::{
    CreateCustomRoleRequest, CustomRole, DeleteCustomRoleRequest, ListCustomRolesRequest,
    UpdateCustomRoleRequest,
};
use mandate_documents::document::RoleText;
use prost_types::FieldMask;
use serde_json::{Value, json};

use super::{
    every::{one, pages},
    names::{self, in_organization},
};
use crate::{cli::RoleCommand, connect::connect, exit::Failure, output};

/// Lists and changes custom roles.
pub(super) async fn role(
    command: RoleCommand,
    context: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let connection = connect(context)?;
    let client = || connection.clients.custom_roles();
    let roles = match command {
        RoleCommand::List { organization } => {
            let request = ListCustomRolesRequest {
                parent: in_organization(&organization),
                page_size: 1000,
                page_token: String::new(),
            };
            pages!(connection, client().list_custom_roles(request).custom_roles)
        }
        RoleCommand::Create {
            organization,
            role,
            permissions,
            display_name,
        } => {
            let role = read(&role)?;
            let request = CreateCustomRoleRequest {
                parent: in_organization(&organization),
                custom_role: Some(CustomRole {
                    application: format!("applications/{}", role.application),
                    display_name,
                    permissions,
                    ..CustomRole::default()
                }),
                custom_role_id: role.role.to_owned(),
                ..CreateCustomRoleRequest::default()
            };
            one!(connection, client().create_custom_role(request).custom_role)
        }
        RoleCommand::Update {
            organization,
            role,
            permissions,
        } => {
            let request = UpdateCustomRoleRequest {
                custom_role: Some(CustomRole {
                    name: name(&organization, &role)?,
                    permissions,
                    ..CustomRole::default()
                }),
                update_mask: Some(FieldMask {
                    paths: vec!["permissions".to_owned()],
                }),
                ..UpdateCustomRoleRequest::default()
            };
            one!(connection, client().update_custom_role(request).custom_role)
        }
        RoleCommand::Delete { organization, role } => {
            let request = DeleteCustomRoleRequest {
                name: name(&organization, &role)?,
                ..DeleteCustomRoleRequest::default()
            };
            one!(connection, client().delete_custom_role(request).custom_role)
        }
    };
    if json {
        let roles: Vec<Value> = roles.iter().map(as_json).collect();
        return output::json(&json!({ "roles": roles }));
    }
    let row = |role: &CustomRole| {
        [
            role.name.clone(),
            role.display_name.clone(),
            role.permissions.join(", "),
        ]
    };
    let rows: Vec<[String; 3]> = roles.iter().map(row).collect();
    output::table(["ROLE", "NAME", "PERMISSIONS"], &rows);
    output::note(format!("{} role(s)", roles.len()));
    Ok(())
}

/// Parses a custom role, with or without `custom:`.
fn read(text: &str) -> Result<RoleText<'_>, Failure> {
    let own = names::role(text).map_err(Failure::usage)?;
    Ok(RoleText {
        custom: true,
        ..own
    })
}

fn name(organization: &str, role: &str) -> Result<String, Failure> {
    Ok(read(role)?.name(&in_organization(organization)))
}

fn as_json(role: &CustomRole) -> Value {
    json!({
        "name": role.name,
        "application": role.application,
        "display_name": role.display_name,
        "description": role.description,
        "permissions": role.permissions,
    })
}
