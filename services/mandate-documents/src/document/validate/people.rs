//! Users and service accounts.

use types::{Grammar, InvalidOidcIdentity, OidcIdentity, ServiceAccountId, UserId};

use super::check::Check;
use crate::document::{
    model::{OidcEntry, ServiceAccountEntry, UserEntry},
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
        && !Grammar::Word.holds(realm)
    {
        let rule = Grammar::Word.rule();
        check.wrong(entry.realm.at(), &path.key("realm"), rule);
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
    for (index, item) in entry.oidc.iter().enumerate() {
        let path = path.item("oidc", index);
        identity(check, &item.value, At::of(item), &path);
    }
    let path = path.key("id");
    if check.id::<ServiceAccountId>(&entry.id, at, &path) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = check.once.service_accounts.say(id, (check.file, at));
        check.twice(first, &format!("service account `{id}`"), at, &path);
    }
}

fn identity<'a>(check: &mut Check<'a>, entry: &'a OidcEntry, at: At, path: &Path<'_>) {
    check.keys(&entry.unknown, OidcEntry::KEYS, path);
    let (issuer, subject) = (entry.issuer.as_str(), entry.subject.as_str());
    if let Err(error) = OidcIdentity::new(issuer, subject) {
        let (part, text) = match error {
            InvalidOidcIdentity::Issuer => ("issuer", &entry.issuer),
            InvalidOidcIdentity::Subject => ("subject", &entry.subject),
        };
        if check.required(text, at, &path.key(part)) {
            check.wrong(text.at(), &path.key(part), error.to_string());
        }
        return;
    }
    let first = check
        .once
        .identities
        .say((issuer, subject), (check.file, at));
    check.twice(first, &format!("`{subject}` of `{issuer}`"), at, path);
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
