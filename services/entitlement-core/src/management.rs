//! The built-in application `mandate`: what it takes to manage is a permission like any other.

use base::{ApplicationId, Id, InvalidId};

use crate::catalog::{ApplicationDefinition, ModuleDefinition, RoleDefinition};

/// The id of the built-in application.
pub const APPLICATION: &str = "mandate";

/// The role that holds everything; in the operator organization, everywhere.
pub const OPERATOR_ROLE: &str = "applications/mandate/roles/operator";

/// The role that owns an organization.
pub const OWNER_ROLE: &str = "applications/mandate/roles/owner";

/// The role that manages what members have of named applications.
pub const ADMIN_ROLE: &str = "applications/mandate/roles/application-admin";

/// Whether a role always holds everywhere: there is no part of it to give.
pub fn holds_everywhere(role: &str) -> bool {
    [OPERATOR_ROLE, OWNER_ROLE].contains(&role)
}

/// What it takes to give.
pub const GRANTS_WRITE: &str = "mandate.grants.write";

/// What it takes to ask for what others give.
pub const REQUESTS_CREATE: &str = "mandate.requests.create";

/// Whether a management permission is about what members have of applications. One who holds it
/// for named applications only does not hold it for others.
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

/// Roles: who runs the platform, who owns an organization or a part of it, who manages an
/// application in it, who sees what members have and asks for other access, and what a backend needs
/// to ask.
///
/// An owner enrolls nobody: whoever could make any user a member by name would learn of users of
/// others. And an owner does not change what the operator demands of the organization, nor whom its
/// people are sent to.
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

/// The declaration of the built-in application.
///
/// # Errors
/// Never: the id is an id.
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
