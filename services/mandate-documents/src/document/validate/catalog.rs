//! Applications, with their modules and roles.

use std::collections::HashSet;

use api::entitlement::v1::{ManagementMode, Placement};
use types::{ApplicationId, RoleId};

use serde_saphyr::Spanned;

use super::check::{Check, UniqueKeys};
use crate::document::{
    model::{ApplicationEntry, ModuleEntry, Names, OptionEntry, RoleEntry},
    place::{At, Path},
    text::Text,
};

/// The words for placements.
const PLACEMENTS: [&str; 2] = ["OVERVIEW", "BUSINESS_TOOLS"];
/// The words for management modes.
const MANAGEMENT_MODES: [&str; 2] = ["MANAGED", "EXTERNAL"];

/// Returns the placement of a word.
pub(crate) fn placement(word: &str) -> Option<Placement> {
    Placement::from_str_name(&format!("PLACEMENT_{word}"))
}

/// Returns the management mode of a word; managed if absent.
pub(crate) fn management_mode(word: &str) -> ManagementMode {
    ManagementMode::from_str_name(&format!("MANAGEMENT_MODE_{word}"))
        .unwrap_or(ManagementMode::Managed)
}

pub(super) fn application<'a>(
    check: &mut Check<'a>,
    entry: &'a ApplicationEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, ApplicationEntry::KEYS, path);
    check.keys(
        &entry.display_names.unknown,
        Names::KEYS,
        &path.key("display_names"),
    );
    if check.id::<ApplicationId>(&entry.id, at, &path.key("id")) {
        name(check, &entry.id, &path.key("id"));
    }
    check.required(&entry.display_name, at, &path.key("display_name"));
    for (index, alias) in entry.aliases.iter().enumerate() {
        let path = path.item("aliases", index);
        if check.required(alias, at, &path) {
            name(check, alias, &path);
        }
    }
    for (index, placement) in entry.placements.iter().enumerate() {
        let path = path.item("placements", index);
        check.required(placement, at, &path);
        check.word(placement, &PLACEMENTS, &path);
    }
    let mode = path.key("management_mode");
    check.word(&entry.management_mode, &MANAGEMENT_MODES, &mode);

    let mut once = UniqueKeys::default();
    for (index, module) in entry.modules.iter().enumerate() {
        let path = path.item("modules", index);
        self::module(check, &module.value, At::of(module), &path);
        say(check, &mut once, &module.value.id, "module", &path);
    }
    // The server keeps omitted modules; only the server knows their permissions.
    let permissions = entry.says("modules").then(|| permissions(entry));
    let mut once = UniqueKeys::default();
    for (index, role) in entry.roles.iter().enumerate() {
        let path = path.item("roles", index);
        self::role(
            check,
            &role.value,
            At::of(role),
            &path,
            permissions.as_ref(),
        );
        say(check, &mut once, &role.value.id, "role", &path);
    }
    let declares = entry.says("roles");
    for (index, roles) in entry.separations.iter().enumerate() {
        let path = path.item("separations", index);
        for role in roles {
            let declared = |other: &Spanned<RoleEntry>| other.value.id.get() == role.get();
            if check.required(role, at, &path) && declares && !entry.roles.iter().any(declared) {
                let message = format!("the application has no role `{}`", role.as_str());
                check.wrong(role.at(), &path, message);
            }
        }
    }
}

fn module<'a>(check: &mut Check<'a>, entry: &'a ModuleEntry, at: At, path: &Path<'_>) {
    check.keys(&entry.unknown, ModuleEntry::KEYS, path);
    check.keys(
        &entry.display_names.unknown,
        Names::KEYS,
        &path.key("display_names"),
    );
    check.id::<RoleId>(&entry.id, at, &path.key("id"));
    verbs(check, &entry.verbs, at, path);
    let mut once = UniqueKeys::default();
    for (index, option) in entry.options.iter().enumerate() {
        let path = path.item("options", index);
        check.keys(&option.value.unknown, OptionEntry::KEYS, &path);
        let names = &option.value.display_names;
        check.keys(&names.unknown, Names::KEYS, &path.key("display_names"));
        check.id::<RoleId>(&option.value.id, At::of(option), &path.key("id"));
        say(check, &mut once, &option.value.id, "option", &path);
        verbs(check, &option.value.verbs, At::of(option), &path);
    }
}

fn verbs<'a>(check: &mut Check<'a>, verbs: &'a [Text], at: At, path: &Path<'_>) {
    for (index, verb) in verbs.iter().enumerate() {
        check.id::<RoleId>(verb, at, &path.item("verbs", index));
    }
}

fn role<'a>(
    check: &mut Check<'a>,
    entry: &'a RoleEntry,
    at: At,
    path: &Path<'_>,
    permissions: Option<&HashSet<String>>,
) {
    check.keys(&entry.unknown, RoleEntry::KEYS, path);
    check.keys(
        &entry.display_names.unknown,
        Names::KEYS,
        &path.key("display_names"),
    );
    check.id::<RoleId>(&entry.id, at, &path.key("id"));
    for (index, permission) in entry.permissions.iter().enumerate() {
        let path = path.item("permissions", index);
        let unknown = |known: &HashSet<String>| !known.contains(permission.as_str());
        if check.required(permission, at, &path) && permissions.is_some_and(unknown) {
            let message = format!(
                "the application has no permission `{}`",
                permission.as_str()
            );
            check.wrong(permission.at(), &path, message);
        }
    }
}

/// Returns every permission of an application, and every pattern over them.
fn permissions(entry: &ApplicationEntry) -> HashSet<String> {
    let application = entry.id.as_str();
    let mut all = HashSet::from([format!("{application}.*")]);
    for module in entry.modules.iter().map(|module| &module.value) {
        let prefix = format!("{application}.{}", module.id.as_str());
        all.insert(format!("{prefix}.*"));
        all.extend(within(&prefix, &module.verbs));
        for option in module.options.iter().map(|option| &option.value) {
            all.extend(within(
                &format!("{prefix}.{}", option.id.as_str()),
                &option.verbs,
            ));
        }
    }
    all
}

fn within(prefix: &str, verbs: &[Text]) -> impl Iterator<Item = String> {
    verbs
        .iter()
        .map(move |verb| format!("{prefix}.{}", verb.as_str()))
}

fn name<'a>(check: &mut Check<'a>, name: &'a Text, path: &Path<'_>) {
    let first = check
        .once
        .applications
        .say(name.as_str(), (check.file, name.at()));
    let what = format!("application `{}`", name.as_str());
    check.twice(first, &what, name.at(), path);
}

fn say<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueKeys<'a, &'a str>,
    id: &'a Text,
    what: &str,
    path: &Path<'_>,
) {
    if let Some(value) = id.get() {
        let first = once.say(value, (check.file, id.at()));
        check.twice(
            first,
            &format!("{what} `{value}`"),
            id.at(),
            &path.key("id"),
        );
    }
}
