//! Applications.

use api::entitlement::v1::{Application, Module, Option as ModuleOption, Role};

use super::{text, texts};
use crate::document::{ApplicationEntry, ModuleEntry, RoleEntry, management_mode, placement};

pub(super) fn application(entry: &ApplicationEntry) -> Application {
    let name = format!("applications/{}", entry.id.as_str());
    Application {
        display_name: text(&entry.display_name),
        aliases: texts(&entry.aliases),
        placements: entry
            .placements
            .iter()
            .filter_map(|word| placement(word.as_str()))
            .map(i32::from)
            .collect(),
        management_mode: management_mode(entry.management_mode.as_str()).into(),
        modules: entry
            .modules
            .iter()
            .map(|entry| module(&entry.value))
            .collect(),
        roles: entry
            .roles
            .iter()
            .map(|entry| role(&name, &entry.value))
            .collect(),
        name,
        ..Application::default()
    }
}

fn module(entry: &ModuleEntry) -> Module {
    Module {
        module_id: text(&entry.id),
        display_name: text(&entry.display_name),
        verbs: texts(&entry.verbs),
        options: entry
            .options
            .iter()
            .map(|option| ModuleOption {
                option_id: text(&option.value.id),
                display_name: text(&option.value.display_name),
                verbs: texts(&option.value.verbs),
            })
            .collect(),
        recommended: entry.recommended.unwrap_or_default(),
    }
}

fn role(application: &str, entry: &RoleEntry) -> Role {
    Role {
        name: format!("{application}/roles/{}", entry.id.as_str()),
        role_id: text(&entry.id),
        display_name: text(&entry.display_name),
        permissions: texts(&entry.permissions),
        ..Role::default()
    }
}
