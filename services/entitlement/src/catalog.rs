//! Converts the catalog between protobuf and the rules.

use std::collections::HashSet;

use api::entitlement::v1::{Application, Module, Option as ModuleOption, Role};
use entitlement_core::{
    ApplicationDefinition, CatalogError, ModuleDefinition, OptionDefinition, RoleDefinition,
};
use types::{ApplicationId, InvalidName};

/// Converts an application to its definition in the rules.
///
/// # Errors
/// [`InvalidName`] if the name is not the name of an application.
pub fn definition(application: &Application) -> Result<ApplicationDefinition, InvalidName> {
    Ok(ApplicationDefinition {
        id: ApplicationId::parse_name(&application.name)?,
        modules: application.modules.iter().map(module).collect(),
        roles: application.roles.iter().map(role).collect(),
        separations: separations(application),
    })
}

/// Converts a definition to protobuf.
pub(crate) fn application(definition: ApplicationDefinition, display_name: &str) -> Application {
    Application {
        name: definition.id.name(),
        display_name: display_name.to_owned(),
        modules: definition
            .modules
            .into_iter()
            .map(|module| Module {
                module_id: module.id,
                verbs: module.verbs,
                recommended: module.recommended,
                ..Module::default()
            })
            .collect(),
        roles: definition
            .roles
            .into_iter()
            .map(|role| Role {
                role_id: role.id,
                permissions: role.permissions,
                notification_routes: role.notification_routes,
                ..Role::default()
            })
            .collect(),
        ..Application::default()
    }
}

/// Supported languages of names.
const LOCALES: [&str; 5] = ["en", "nl", "fr", "nb", "de"];

/// Checks the names of an application and its parts: each language is supported and occurs once.
pub(crate) fn check_names(application: &Application) -> Result<(), CatalogError> {
    let modules = application.modules.iter();
    let options = modules.clone().flat_map(|module| &module.options);
    let names = std::iter::once(&application.display_names)
        .chain(modules.map(|module| &module.display_names))
        .chain(options.map(|option| &option.display_names))
        .chain(application.roles.iter().map(|role| &role.display_names));
    for names in names {
        let mut seen = HashSet::new();
        for name in names {
            if !LOCALES.contains(&&*name.locale) {
                return Err(CatalogError::Locale(name.locale.clone()));
            }
            if !seen.insert(&name.locale) {
                return Err(CatalogError::Twice(name.locale.clone()));
            }
        }
    }
    Ok(())
}

/// Returns the sets of roles that exclude each other.
pub(crate) fn separations(application: &Application) -> Vec<Vec<String>> {
    let rules = application.separations.iter();
    rules.map(|rule| rule.roles.clone()).collect()
}

fn module(module: &Module) -> ModuleDefinition {
    let option = |option: &ModuleOption| OptionDefinition {
        id: option.option_id.clone(),
        verbs: option.verbs.clone(),
    };
    ModuleDefinition {
        id: module.module_id.clone(),
        verbs: module.verbs.clone(),
        options: module.options.iter().map(option).collect(),
        recommended: module.recommended,
    }
}

fn role(role: &Role) -> RoleDefinition {
    RoleDefinition {
        id: role.role_id.clone(),
        permissions: role.permissions.clone(),
        notification_routes: role.notification_routes.clone(),
    }
}
