//! Validates documents before any call: reports all problems together.

mod catalog;
mod check;
mod contact;
mod grant;
mod index;
mod organization;
mod people;
mod reference;

pub(crate) use catalog::{management_mode, placement};
pub use reference::{Deferred, Reference};

use super::{
    Document,
    model::Root,
    place::{At, Path, Problem},
};
use check::Check;
use index::Index;

/// The findings of validation.
#[derive(Debug, Default)]
pub struct Validated {
    /// Problems, independent of the state of the server.
    pub problems: Vec<Problem>,
    /// Problems that exist only if the server lacks the reference.
    pub deferred: Vec<Deferred>,
}

/// Validates all documents together: each may refer to entities that another one creates.
pub fn validate(documents: &[Document]) -> Validated {
    let index = Index::new(documents);
    let mut check = Check::new(&index);
    for document in documents {
        check.file = &document.file;
        root(&mut check, &document.root);
    }
    let mut validated = check.finish();
    validated.problems.sort();
    validated
}

fn root<'a>(check: &mut Check<'a>, root: &'a Root) {
    let path = Path::ROOT;
    check.keys(&root.unknown, Root::KEYS, &path);
    for (index, entry) in root.applications.iter().enumerate() {
        let path = path.item("applications", index);
        catalog::application(check, &entry.value, At::of(entry), &path);
    }
    for (index, entry) in root.service_accounts.iter().enumerate() {
        let path = path.item("service_accounts", index);
        people::service_account(check, &entry.value, At::of(entry), &path);
    }
    for (index, entry) in root.users.iter().enumerate() {
        let path = path.item("users", index);
        people::user(check, &entry.value, At::of(entry), &path);
    }
    for (index, entry) in root.organizations.iter().enumerate() {
        let path = path.item("organizations", index);
        organization::organization(check, &entry.value, At::of(entry), &path);
    }
}
