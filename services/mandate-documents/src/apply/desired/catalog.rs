//! Applications.

use api::entitlement::v1::{
    Application, LocalizedText, Module, Option as ModuleOption, Role, Separation,
};

use super::{say, text, texts};
use crate::document::{
    ApplicationEntry, ModuleEntry, Names, OptionEntry, RoleEntry, management_mode, placement,
};

pub(super) fn application(
    entry: &ApplicationEntry,
    name: &str,
    current: Option<&Application>,
) -> Application {
    let mut application = current.cloned().unwrap_or_else(|| Application {
        name: name.to_owned(),
        management_mode: management_mode("").into(),
        ..Application::default()
    });
    let placements = entry.placements.iter();
    let placements = placements.filter_map(|word| placement(word.as_str()));
    let modules = entry.modules.iter().map(|item| {
        let mut known = application.modules.iter();
        let known = known.find(|known| known.module_id == item.value.id.as_str());
        module(&item.value, known)
    });
    let modules = modules.collect();
    let roles = entry.roles.iter().map(|item| {
        let mut known = application.roles.iter();
        let known = known.find(|known| known.role_id == item.value.id.as_str());
        role(name, &item.value, known)
    });
    let roles = roles.collect();
    let separations = entry.separations.iter().map(|roles| Separation {
        roles: texts(roles),
    });
    say! { application, entry:
        "display_name" => display_name: text(&entry.display_name),
        "display_names" => display_names: names(&entry.display_names),
        "aliases" => aliases: texts(&entry.aliases),
        "placements" => placements: placements.map(i32::from).collect(),
        "management_mode" => management_mode: management_mode(entry.management_mode.as_str()).into(),
        "modules" => modules: modules,
        "roles" => roles: roles,
        "separations" => separations: separations.collect(),
    }
    application
}

fn module(entry: &ModuleEntry, current: Option<&Module>) -> Module {
    let mut module = current.cloned().unwrap_or_default();
    let options = entry.options.iter().map(|item| {
        let mut known = module.options.iter();
        let known = known.find(|known| known.option_id == item.value.id.as_str());
        option(&item.value, known)
    });
    let options = options.collect();
    say! { module, entry:
        "id" => module_id: text(&entry.id),
        "display_name" => display_name: text(&entry.display_name),
        "display_names" => display_names: names(&entry.display_names),
        "verbs" => verbs: texts(&entry.verbs),
        "options" => options: options,
        "recommended" => recommended: entry.recommended.unwrap_or_default(),
    }
    module
}

fn option(entry: &OptionEntry, current: Option<&ModuleOption>) -> ModuleOption {
    let mut option = current.cloned().unwrap_or_default();
    say! { option, entry:
        "id" => option_id: text(&entry.id),
        "display_name" => display_name: text(&entry.display_name),
        "display_names" => display_names: names(&entry.display_names),
        "verbs" => verbs: texts(&entry.verbs),
    }
    option
}

fn role(application: &str, entry: &RoleEntry, current: Option<&Role>) -> Role {
    let mut role = current.cloned().unwrap_or_else(|| Role {
        name: format!("{application}/roles/{}", entry.id.as_str()),
        ..Role::default()
    });
    say! { role, entry:
        "id" => role_id: text(&entry.id),
        "display_name" => display_name: text(&entry.display_name),
        "display_names" => display_names: names(&entry.display_names),
        "permissions" => permissions: texts(&entry.permissions),
        "notification_routes" => notification_routes: texts(&entry.notification_routes),
    }
    role
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
