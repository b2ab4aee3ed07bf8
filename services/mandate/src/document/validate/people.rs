//! Users and service accounts.

use base::{Id, ServiceAccountId, UserId};

use super::check::Check;
use crate::document::{
    model::{ServiceAccountEntry, UserEntry},
    place::{At, Path},
};

pub(super) fn user<'a>(check: &mut Check<'a>, entry: &'a UserEntry, at: At, path: &Path<'_>) {
    check.keys(&entry.unknown, UserEntry::KEYS, path);
    if check.id::<UserId>(&entry.id, at, &path.key("id")) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = check.once.users.say(id, (check.file, at));
        check.twice(first, &format!("user `{id}`"), at, &path.key("id"));
    }
    if let Some(realm) = entry.realm.get()
        && !UserId::is_valid(realm)
    {
        let message = "must be lower case letters, digits and hyphens";
        check.wrong(entry.realm.at(), &path.key("realm"), message);
    }
    login(check, entry, at, &path.key("login"));
    check.required(&entry.given_name, at, &path.key("given_name"));
    let states = ["ACTIVE", "DEACTIVATED"];
    check.word(&entry.state, &states, &path.key("state"));
}

pub(super) fn service_account<'a>(
    check: &mut Check<'a>,
    entry: &'a ServiceAccountEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, ServiceAccountEntry::KEYS, path);
    let path = path.key("id");
    if check.id::<ServiceAccountId>(&entry.id, at, &path) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = check.once.service_accounts.say(id, (check.file, at));
        check.twice(first, &format!("service account `{id}`"), at, &path);
    }
}

fn login<'a>(check: &mut Check<'a>, entry: &'a UserEntry, at: At, path: &Path<'_>) {
    if !check.required(&entry.login, at, path) {
        return;
    }
    let login = entry.login.as_str();
    if !login.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "must be printable ASCII without spaces";
        check.wrong(entry.login.at(), path, message);
        return;
    }
    let realm = entry.realm.get().unwrap_or("default");
    let at = entry.login.at();
    let first = check.once.logins.say((realm, login), (check.file, at));
    let what = format!("login `{login}` of realm `{realm}`");
    check.twice(first, &what, at, path);
}
