//! Members and their grants.

use types::{ApplicationId, GrantId, ServiceAccountId, UserId};

use super::{
    Reference,
    check::{Check, STATE_WORDS, UniqueInOrganization},
};
use crate::document::{
    grant_id::grant_id,
    model::{GrantEntry, MembershipEntry},
    place::{At, Path},
    role::RoleText,
    scope::{Places, ScopeEntry},
    text::Text,
};

pub(super) fn membership<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    organization: &str,
    entry: &'a MembershipEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, MembershipEntry::KEYS, path);
    check.word(&entry.state, &STATE_WORDS, &path.key("state"));
    subject(check, once, entry, at, path);
    for (index, item) in entry.grants.iter().enumerate() {
        let path = path.item("grants", index);
        let (grant, at) = (&item.value, At::of(item));
        check.keys(&grant.unknown, GrantEntry::KEYS, &path);
        check.period(&grant.start_time, &grant.end_time, &path);
        let role_is_known = role(check, organization, &grant.role, at, &path.key("role"));
        scope(check, organization, grant, at, &path.key("scope"));
        for (index, application) in grant.applications.iter().enumerate() {
            let path = path.item("applications", index);
            if check.id::<ApplicationId>(application, at, &path)
                && !check.index.applications.contains_key(application.as_str())
            {
                let reference = Reference::Application(application.as_str().to_owned());
                check.ask(reference, application.at(), &path);
            }
        }
        if grant.id.get().is_some() && !check.id::<GrantId>(&grant.id, at, &path.key("id")) {
            continue;
        }
        if role_is_known || grant.id.get().is_some() {
            let id = grant_id(entry, grant);
            let at = grant.id.at().or(grant.role.at());
            let first = once.grants.say(id.clone(), (check.file, at));
            let what = format!("grant `{id}`");
            let hint = if grant.id.get().is_none() {
                "; give this one an `id`"
            } else {
                ""
            };
            if let Some((file, first)) = first {
                let message = format!(
                    "{what} is already at {file}:{}:{}{hint}",
                    first.line, first.column
                );
                check.wrong(at, &path.key("id"), message);
            }
        }
    }
}

fn subject<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    entry: &'a MembershipEntry,
    at: At,
    path: &Path<'_>,
) {
    let (text, path) = match (entry.user.get(), entry.service_account.get()) {
        (None, None) => {
            check.wrong(at, path, "must have `user` or `service_account`");
            return;
        }
        (Some(_), Some(_)) => {
            check.wrong(at, path, "must not have both `user` and `service_account`");
            return;
        }
        (Some(id), None) => {
            let path = path.key("user");
            if check.id::<UserId>(&entry.user, at, &path) && !check.index.users.contains(id) {
                check.ask(Reference::User(id.to_owned()), entry.user.at(), &path);
            }
            (&entry.user, path)
        }
        (None, Some(id)) => {
            let path = path.key("service_account");
            let text = &entry.service_account;
            if check.id::<ServiceAccountId>(text, at, &path)
                && !check.index.service_accounts.contains(id)
            {
                check.ask(Reference::ServiceAccount(id.to_owned()), text.at(), &path);
            }
            (text, path)
        }
    };
    // Memberships are named after their subjects, users and service accounts alike.
    let first = once
        .subjects
        .say(text.as_str().to_owned(), (check.file, text.at()));
    let what = format!("a membership of `{}`", text.as_str());
    check.twice(first, &what, text.at(), &path);
}

/// Checks that the role has the form of a role; references are checked separately. Returns true if
/// it has.
fn role(check: &mut Check<'_>, organization: &str, role: &Text, at: At, path: &Path<'_>) -> bool {
    if !check.required(role, at, path) {
        return false;
    }
    let Some(found) = RoleText::parse(role.as_str()) else {
        let message = format!(
            "`{}` is not a role: write `application.role`",
            role.as_str()
        );
        check.wrong(role.at(), path, message);
        return false;
    };
    let (application, id) = (found.application.to_owned(), found.role.to_owned());
    if found.custom {
        let tree = check.index.organizations.get(organization);
        let own = (found.application, found.role);
        if !tree.is_some_and(|tree| tree.custom_roles.contains(&own)) {
            let reference = Reference::CustomRole {
                organization: organization.to_owned(),
                application,
                role: id,
            };
            check.ask(reference, role.at(), path);
        }
        return true;
    }
    let reference = Reference::Role {
        application,
        role: id,
    };
    match check.index.applications.get(found.application) {
        Some(Some(roles)) if roles.contains(found.role) => {}
        Some(Some(_)) => check.wrong(role.at(), path, reference.absent()),
        Some(None) | None => check.ask(reference, role.at(), path),
    }
    true
}

fn scope(check: &mut Check<'_>, organization: &str, grant: &GrantEntry, at: At, path: &Path<'_>) {
    const SCOPE_RULE: &str = "must be `ALL`, or name at least one of `units` and `resources`";
    let Some(scope) = &grant.scope else {
        check.wrong(at, path, SCOPE_RULE);
        return;
    };
    let at = At::of(scope);
    match &scope.value {
        ScopeEntry::All => {}
        ScopeEntry::Unknown(_) => check.wrong(at, path, SCOPE_RULE),
        ScopeEntry::Places(places) => {
            check.keys(&places.unknown, Places::KEYS, path);
            if places.units.is_empty() && places.resources.is_empty() {
                check.wrong(at, path, SCOPE_RULE);
            }
            for (index, unit) in places.units.iter().enumerate() {
                check.unit_reference(organization, unit, at, &path.item("units", index));
            }
            for (index, resource) in places.resources.iter().enumerate() {
                let path = path.item("resources", index);
                check.resource_reference(organization, resource, at, &path);
            }
        }
    }
}
