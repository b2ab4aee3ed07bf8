//! Contacts of organizations.

use types::ContactId;

use super::check::{Check, UniqueInOrganization};
use crate::document::{
    model::ContactEntry,
    place::{At, Path},
};

const REPRESENTATIVE: &str = "REPRESENTATIVE";
/// The kinds of contacts.
const CONTACT_KINDS: [&str; 2] = [REPRESENTATIVE, "SUPPORT"];

/// Validates a contact. The server checks the URI.
pub(super) fn contact<'a>(
    check: &mut Check<'a>,
    once: &mut UniqueInOrganization<'a>,
    entry: &'a ContactEntry,
    at: At,
    path: &Path<'_>,
) {
    check.keys(&entry.unknown, ContactEntry::KEYS, path);
    if check.id::<ContactId>(&entry.id, at, &path.key("id")) {
        let (id, at) = (entry.id.as_str(), entry.id.at());
        let first = once.contacts.say(id, (check.file, at));
        check.twice(first, &format!("contact `{id}`"), at, &path.key("id"));
    }
    check.required(&entry.kind, at, &path.key("kind"));
    check.word(&entry.kind, &CONTACT_KINDS, &path.key("kind"));
    check.required(&entry.display_name, at, &path.key("display_name"));
    check.required(&entry.uri, at, &path.key("uri"));
    if entry.primary != Some(true) {
        return;
    }
    let path = path.key("primary");
    if entry.kind.as_str() != REPRESENTATIVE {
        check.wrong(at, &path, format!("is only for `{REPRESENTATIVE}`"));
        return;
    }
    let first = once.primary.say((), (check.file, at));
    check.twice(first, "the primary representative", at, &path);
}
