//! Organizations, with their contacts, entitlements, units, resources and members.

use types::{ApplicationId, OrganizationId, ResourceId, RoleId, UnitId};

use super::{
    Reference,
    check::{Check, STATE_WORDS, UniqueInOrganization},
    contact::contact,
    grant::membership,
};
use crate::document::{
    model::{CustomRoleEntry, EntitlementEntry, OrganizationEntry, ResourceEntry, UnitEntry},
    place::{At, Path},
};

pub(super) fn organization<'a>(
    check: &mut Check<'a>,
    entry: &'a OrganizationEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, OrganizationEntry::KEYS, path);
    if check.id::<OrganizationId>(&entry.id, at, &path.key("id")) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = check.once.organizations.say(id, (check.file, at));
        check.twice(first, &format!("organization `{id}`"), at, &path.key("id"));
    }
    check.required(&entry.display_name, at, &path.key("display_name"));
    check.word(&entry.state, &STATE_WORDS, &path.key("state"));

    let mut once = UniqueInOrganization::default();
    for (index, item) in entry.contacts.iter().enumerate() {
        let path = path.item("contacts", index);
        contact(check, &mut once, &item.value, At::of(item), &path);
    }
    for (index, item) in entry.entitlements.iter().enumerate() {
        let path = path.item("entitlements", index);
        entitlement(check, &mut once, &item.value, At::of(item), &path);
    }
    for (index, item) in entry.units.iter().enumerate() {
        let path = path.item("units", index);
        unit(
            check,
            &mut once,
            entry.id.as_str(),
            &item.value,
            At::of(item),
            &path,
        );
    }
    for (index, item) in entry.resources.iter().enumerate() {
        let path = path.item("resources", index);
        resource(
            check,
            &mut once,
            entry.id.as_str(),
            &item.value,
            At::of(item),
            &path,
        );
    }
    for (index, item) in entry.custom_roles.iter().enumerate() {
        let path = path.item("custom_roles", index);
        custom_role(check, &mut once, &item.value, At::of(item), &path);
    }
    for (index, item) in entry.memberships.iter().enumerate() {
        let path = path.item("memberships", index);
        membership(
            check,
            &mut once,
            entry.id.as_str(),
            &item.value,
            At::of(item),
            &path,
        );
    }
}

fn entitlement<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    entry: &'a EntitlementEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, EntitlementEntry::KEYS, path);
    check.word(&entry.state, &STATE_WORDS, &path.key("state"));
    check.period(&entry.start_time, &entry.end_time, path);
    let path = path.key("application");
    if check.id::<ApplicationId>(&entry.application, at, &path) {
        let (id, at) = (entry.application.as_str(), entry.application.at());
        let first = once.entitlements.say(id, (check.file, at));
        check.twice(first, &format!("the entitlement for `{id}`"), at, &path);
        if !check.index.applications.contains_key(id) {
            check.ask(Reference::Application(id.to_owned()), at, &path);
        }
    }
}

fn unit<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    organization: &str,
    entry: &'a UnitEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, UnitEntry::KEYS, path);
    check.required(&entry.display_name, at, &path.key("display_name"));
    if check.id::<UnitId>(&entry.id, at, &path.key("id")) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = once.units.say(id, (check.file, at));
        check.twice(first, &format!("unit `{id}`"), at, &path.key("id"));
    }
    if entry.parent.get().is_none() {
        return;
    }
    let path = path.key("parent");
    let id = entry.id.as_str();
    let tree = check.index.organizations.get(organization);
    if tree.is_some_and(|tree| tree.is_circular(id)) {
        let message = format!("unit `{id}` would be its own ancestor");
        check.wrong(entry.parent.at(), &path, message);
    } else {
        check.unit_reference(organization, &entry.parent, at, &path);
    }
}

fn resource<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    organization: &str,
    entry: &'a ResourceEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, ResourceEntry::KEYS, path);
    if check.id::<ResourceId>(&entry.id, at, &path.key("id")) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = once.resources.say(id, (check.file, at));
        check.twice(first, &format!("resource `{id}`"), at, &path.key("id"));
    }
    if check.required(&entry.kind, at, &path.key("type"))
        && let Some(external) = entry.external_id.get()
    {
        let (kind, at) = (entry.kind.as_str(), entry.external_id.at());
        let first = once.external_ids.say((kind, external), (check.file, at));
        let what = format!("external id `{external}` of type `{kind}`");
        check.twice(first, &what, at, &path.key("external_id"));
    }
    check.unit_reference(organization, &entry.unit, at, &path.key("unit"));
}

/// Validates a custom role. The server checks that the permissions are of the application.
fn custom_role<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    entry: &'a CustomRoleEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, CustomRoleEntry::KEYS, path);
    let named = check.id::<RoleId>(&entry.id, at, &path.key("id"));
    if !check.id::<ApplicationId>(&entry.application, at, &path.key("application")) {
        return;
    }
    let (application, id) = (entry.application.as_str(), entry.id.as_str());
    if named {
        let at = entry.id.at();
        let first = once.custom_roles.say((application, id), (check.file, at));
        let what = format!("role `custom:{application}.{id}`");
        check.twice(first, &what, at, &path.key("id"));
    }
    if !check.index.applications.contains_key(application) {
        let reference = Reference::Application(application.to_owned());
        check.ask(reference, entry.application.at(), &path.key("application"));
    }
    for (index, permission) in entry.permissions.iter().enumerate() {
        check.required(permission, at, &path.item("permissions", index));
    }
}
