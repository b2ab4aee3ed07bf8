//! Converts worlds of the model to a document to apply. JSON is valid YAML.

use serde_json::{Value, json};

use super::{Application, Scope, Subject, World, condition::kind_of};

/// Returns the document of some worlds.
pub(super) fn document<'w>(worlds: impl Iterator<Item = &'w World>) -> String {
    let [mut applications, mut users, mut accounts, mut organizations] = [const { Vec::new() }; 4];
    for world in worlds {
        applications.extend(world.applications.iter().map(application));
        for subject in &world.subjects {
            match subject.name.split_once('/') {
                Some(("users", id)) => users.push(json!({
                    "id": id, "login": id, "given_name": id,
                    "state": if subject.active { "ACTIVE" } else { "DEACTIVATED" },
                })),
                Some((_, id)) => accounts.push(json!({ "id": id })),
                None => {}
            }
        }
        organizations.push(organization(world));
    }
    let document = json!({
        "applications": applications,
        "users": users,
        "service_accounts": accounts,
        "organizations": organizations,
    });
    document.to_string()
}

fn organization(world: &World) -> Value {
    let members = world.subjects.iter().filter_map(|own| member(world, own));
    let units = world.units.iter().map(|(id, above)| match above {
        Some(above) => json!({ "id": id, "display_name": id, "parent": above }),
        None => json!({ "id": id, "display_name": id }),
    });
    let resources = world.resources.iter();
    let resources =
        resources.map(|(id, unit)| json!({ "id": id, "type": kind_of(id), "unit": unit }));
    let entitlements = world
        .entitlements
        .iter()
        .map(|(application, active, start, end)| {
            let entry = json!({ "application": application, "state": state(*active) });
            with_validity(entry, *start, *end)
        });
    let custom_roles = world.custom_roles.iter();
    let custom_roles = custom_roles.map(|(application, id, held)| {
        json!({ "id": id, "application": application, "display_name": id, "permissions": held })
    });
    json!({
        "id": world.organization,
        "display_name": world.organization,
        "subscription_required": world.subscription_required,
        "state": state(world.active),
        "entitlements": entitlements.collect::<Vec<_>>(),
        "units": units.collect::<Vec<_>>(),
        "resources": resources.collect::<Vec<_>>(),
        "custom_roles": custom_roles.collect::<Vec<_>>(),
        "memberships": members.collect::<Vec<_>>(),
    })
}

fn state(active: bool) -> &'static str {
    if active { "ACTIVE" } else { "SUSPENDED" }
}

fn application(application: &Application) -> Value {
    let mut modules: Vec<Value> = Vec::new();
    for permission in &application.permissions {
        let parts: Vec<&str> = permission.split('.').collect();
        let module = parts[1];
        if modules.last().is_none_or(|last| last["id"] != module) {
            modules.push(json!({ "id": module, "verbs": [], "options": [] }));
        }
        let own = modules.last_mut().expect("a module");
        let list = match parts[2..] {
            [option, verb] => ("options", json!({ "id": option, "verbs": [verb] })),
            _ => ("verbs", json!(parts[2])),
        };
        let items = own[list.0].as_array_mut().expect("a list");
        items.push(list.1);
    }
    let roles = application.roles.iter();
    let roles = roles.map(|(id, names)| json!({ "id": id, "permissions": names }));
    json!({
        "id": application.id,
        "display_name": application.id,
        "modules": modules,
        "roles": roles.collect::<Vec<_>>(),
    })
}

fn member(world: &World, subject: &Subject) -> Option<Value> {
    let (active, subscription) = subject.member?;
    let grants = world
        .grants
        .iter()
        .filter(|own| own.subject == subject.name);
    let grants = grants.map(|grant| {
        let scope = match &grant.scope {
            Scope::All => json!("ALL"),
            Scope::Only(units, resources) => json!({ "units": units, "resources": resources }),
        };
        let own = world.role_name(&grant.role).starts_with("organizations/");
        let custom = if own { "custom:" } else { "" };
        let role = format!("{custom}{}.{}", grant.role.0, grant.role.1);
        let mut entry = json!({ "id": grant.id, "role": role, "scope": scope });
        if let Some(condition) = &grant.condition {
            entry["condition"] = json!(condition.text());
        }
        with_validity(entry, grant.start, grant.end)
    });
    let (kind, id) = subject.name.split_once('/')?;
    let kind = if kind == "users" {
        "user"
    } else {
        "service_account"
    };
    Some(json!({
        kind: id,
        "state": state(active),
        "subscription_active": subscription,
        "grants": grants.collect::<Vec<_>>(),
    }))
}

/// Adds the start and the end of its validity to an entry.
fn with_validity(mut entry: Value, start: i64, end: i64) -> Value {
    for (key, at) in [("start_time", start), ("end_time", end)] {
        if at != i64::MIN && at != i64::MAX {
            entry[key] = json!(
                service::timestamp(types::UnixTime(at))
                    .expect("a moment")
                    .to_string()
            );
        }
    }
    entry
}
