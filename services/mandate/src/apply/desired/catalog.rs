//! Applications.

use api::entitlement::v1::{
    Application, LocalizedText, Module, Option as ModuleOption, Role, Separation,
};

use super::{text, texts};
use crate::document::{
    ApplicationEntry, ModuleEntry, Names, RoleEntry, management_mode, placement,
};

pub(super) fn application(entry: &ApplicationEntry) -> Application {
    let name = format!("applications/{}", entry.id.as_str());
    Application {
        display_name: text(&entry.display_name),
        display_names: names(&entry.display_names),
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
        separations: entry
            .separations
            .iter()
            .map(|roles| Separation {
                roles: texts(roles),
            })
            .collect(),
        name,
        ..Application::default()
    }
}

fn module(entry: &ModuleEntry) -> Module {
    Module {
        module_id: text(&entry.id),
        display_name: text(&entry.display_name),
        display_names: names(&entry.display_names),
        verbs: texts(&entry.verbs),
        options: entry
            .options
            .iter()
            .map(|option| ModuleOption {
                option_id: text(&option.value.id),
                display_name: text(&option.value.display_name),
                display_names: names(&option.value.display_names),
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
        display_names: names(&entry.display_names),
        permissions: texts(&entry.permissions),
        notification_routes: texts(&entry.notification_routes),
    }
}

fn names(entry: &Names) -> Vec<LocalizedText> {
    let names = [
        ("en", &entry.en),
        ("nl", &entry.nl),
        ("fr", &entry.fr),
        ("nb", &entry.nb),
        ("de", &entry.de),
    ];
    let said = names.into_iter().filter(|(_, name)| name.get().is_some());
    said.map(|(locale, name)| LocalizedText {
        locale: locale.to_owned(),
        text: text(name),
    })
    .collect()
}
