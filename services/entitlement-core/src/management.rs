//! The built-in application `mandate`: management permissions are permissions like any other.

use types::{ApplicationId, Id, InvalidId};

use crate::catalog::{ApplicationDefinition, ModuleDefinition, RoleDefinition};

/// The id of the built-in application.
pub const APPLICATION: &str = "mandate";

/// The role with every management permission; in the operator organization, it holds in every
/// organization.
pub const OPERATOR_ROLE: &str = "applications/mandate/roles/operator";

/// The role that owns an organization.
pub const OWNER_ROLE: &str = "applications/mandate/roles/owner";

/// The role that manages the access of members to named applications.
pub const ADMIN_ROLE: &str = "applications/mandate/roles/application-admin";

/// True if a role always applies to the whole organization, so it cannot be granted in part.
pub fn holds_everywhere(role: &str) -> bool {
    [OPERATOR_ROLE, OWNER_ROLE].contains(&role)
}

/// The permission to create, change and revoke grants.
pub const GRANTS_WRITE: &str = "mandate.grants.write";

/// The permission to request access from approvers.
pub const REQUESTS_CREATE: &str = "mandate.requests.create";

/// True if a management permission is application-specific: it manages the access of members to
/// applications. Its holder may hold it for named applications only.
pub(crate) fn concerns_applications(permission: &str) -> bool {
    ["mandate.access.", "mandate.grants."]
        .iter()
        .any(|module| permission.starts_with(module))
}

/// Modules and their verbs. Every permission of a method's policy is one of these.
const MODULES: [(&str, &[&str]); 15] = [
    ("access", &["read"]),
    ("audit", &["read", "write"]),
    ("catalog", &["read", "write"]),
    ("changes", &["read"]),
    ("contacts", &["read", "write"]),
    ("decisions", &["check"]),
    ("entitlements", &["read", "write"]),
    ("grants", &["read", "write"]),
    ("members", &["enroll", "read", "write"]),
    (
        "organizations",
        &["create", "list", "read", "suspend", "write"],
    ),
    ("requests", &["approve", "create", "read"]),
    ("resources", &["read", "write"]),
    ("service-accounts", &["read", "write"]),
    ("units", &["read", "write"]),
    ("users", &["read", "write"]),
];

/// The roles: the operator of the platform, the owner of an organization, the owner of a part of
/// it, the administrator of an application in it, the requester (sees the access of members and
/// requests other access), and the checker (a backend that calls `Check`).
///
/// An owner enrolls nobody: an owner who could enroll any user by name would learn which users of
/// other organizations exist. Nor does an owner change the operator's requirements on the
/// organization, or the contacts of its people.
const ROLES: [(&str, &[&str]); 6] = [
    ("operator", &["mandate.*"]),
    (
        "owner",
        &[
            "mandate.access.read",
            "mandate.audit.read",
            "mandate.changes.read",
            "mandate.contacts.read",
            "mandate.decisions.check",
            "mandate.entitlements.read",
            "mandate.grants.read",
            "mandate.grants.write",
            "mandate.members.read",
            "mandate.members.write",
            "mandate.organizations.read",
            "mandate.requests.approve",
            "mandate.requests.create",
            "mandate.requests.read",
            "mandate.resources.read",
            "mandate.units.read",
        ],
    ),
    (
        "delegated-owner",
        &[
            "mandate.access.read",
            "mandate.contacts.read",
            "mandate.decisions.check",
            "mandate.entitlements.read",
            "mandate.grants.read",
            "mandate.grants.write",
            "mandate.members.read",
            "mandate.members.write",
            "mandate.organizations.read",
            "mandate.requests.approve",
            "mandate.requests.create",
            "mandate.requests.read",
            "mandate.resources.read",
            "mandate.units.read",
        ],
    ),
    (
        "application-admin",
        &[
            "mandate.access.read",
            "mandate.contacts.read",
            "mandate.entitlements.read",
            "mandate.grants.read",
            "mandate.grants.write",
            "mandate.members.read",
            "mandate.organizations.read",
            "mandate.requests.create",
            "mandate.requests.read",
            "mandate.resources.read",
            "mandate.units.read",
        ],
    ),
    (
        "requester",
        &[
            "mandate.access.read",
            "mandate.contacts.read",
            "mandate.entitlements.read",
            "mandate.grants.read",
            "mandate.members.read",
            "mandate.organizations.read",
            "mandate.requests.create",
            "mandate.requests.read",
            "mandate.resources.read",
            "mandate.units.read",
        ],
    ),
    (
        "checker",
        &["mandate.decisions.check", "mandate.access.read"],
    ),
];

/// Returns the declaration of the built-in application.
///
/// # Errors
/// Never: the id is valid.
pub fn application() -> Result<ApplicationDefinition, InvalidId> {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Ok(ApplicationDefinition {
        id: ApplicationId::parse(APPLICATION)?,
        modules: MODULES
            .iter()
            .map(|(id, verbs)| ModuleDefinition {
                id: (*id).to_owned(),
                verbs: strings(verbs),
                options: Vec::new(),
                recommended: false,
            })
            .collect(),
        roles: ROLES
            .iter()
            .map(|(id, permissions)| RoleDefinition {
                id: (*id).to_owned(),
                permissions: strings(permissions),
                notification_routes: Vec::new(),
            })
            .collect(),
        separations: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_built_in_application_compiles() {
        let catalog = Catalog::compile(&[application().unwrap()]).unwrap();
        assert!(catalog.roles().find(OPERATOR_ROLE).is_some());
    }
}
