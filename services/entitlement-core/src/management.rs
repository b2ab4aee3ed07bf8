//! The built-in application `mandate`: what it takes to manage is a permission like any other.

use base::{ApplicationId, Id, InvalidId};

use crate::catalog::{ApplicationDefinition, ModuleDefinition, RoleDefinition};

/// The id of the built-in application.
pub const APPLICATION: &str = "mandate";

/// The role that holds everything; in the operator organization, everywhere.
pub const OPERATOR_ROLE: &str = "applications/mandate/roles/operator";

/// Modules and their verbs. Every permission of a method's policy is one of these.
const MODULES: [(&str, &[&str]); 13] = [
    ("access", &["read"]),
    ("audit", &["read", "write"]),
    ("catalog", &["read", "write"]),
    ("changes", &["read"]),
    ("decisions", &["check"]),
    ("entitlements", &["read", "write"]),
    ("grants", &["read", "write"]),
    ("members", &["enroll", "read", "write"]),
    (
        "organizations",
        &["create", "list", "read", "suspend", "write"],
    ),
    ("resources", &["read", "write"]),
    ("service-accounts", &["read", "write"]),
    ("units", &["read", "write"]),
    ("users", &["read", "write"]),
];

/// Roles: who runs the platform, who owns an organization, and what a backend needs to ask.
///
/// An owner enrolls nobody: whoever could make any user a member by name would learn of users of
/// others. And an owner does not change what the operator demands of the organization.
const ROLES: [(&str, &[&str]); 3] = [
    ("operator", &["mandate.*"]),
    (
        "owner",
        &[
            "mandate.access.read",
            "mandate.audit.read",
            "mandate.changes.read",
            "mandate.decisions.check",
            "mandate.entitlements.read",
            "mandate.grants.read",
            "mandate.grants.write",
            "mandate.members.read",
            "mandate.members.write",
            "mandate.organizations.read",
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_built_in_application_compiles() {
        let catalog = Catalog::compile(&[application().unwrap()]).unwrap();
        assert!(catalog.role(OPERATOR_ROLE).is_some());
    }
}
