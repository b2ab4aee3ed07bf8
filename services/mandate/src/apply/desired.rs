//! What valid documents say, as facts.

mod catalog;
mod organization;

use api::identity::v1::{OidcIdentity, ServiceAccount, ServiceAccountKey, User, UserState};

use super::facts::Facts;
use crate::document::{Document, ServiceAccountEntry, Text, UserEntry};
use catalog::application;
use organization::organization;

/// The facts that documents say. Each is said once, which validation has seen to.
pub fn desired(documents: &[Document]) -> Facts {
    let mut facts = Facts::default();
    for root in documents.iter().map(|document| &document.root) {
        let applications = root
            .applications
            .iter()
            .map(|entry| application(&entry.value));
        facts
            .applications
            .extend(applications.map(|a| (a.name.clone(), a)));
        facts
            .service_accounts
            .extend(root.service_accounts.iter().map(|entry| {
                let name = format!("serviceAccounts/{}", entry.value.id.as_str());
                let account = ServiceAccount {
                    name: name.clone(),
                    display_name: text(&entry.value.display_name),
                    ..ServiceAccount::default()
                };
                (name, account)
            }));
        let accounts = root.service_accounts.iter();
        facts
            .identities
            .extend(accounts.flat_map(|entry| identities(&entry.value)));
        let users = root.users.iter().map(|entry| user(&entry.value));
        facts
            .users
            .extend(users.map(|user| (user.name.clone(), user)));
        let organizations = root
            .organizations
            .iter()
            .map(|entry| organization(&entry.value));
        facts
            .organizations
            .extend(organizations.map(|o| (o.organization.name.clone(), o)));
    }
    facts
}

fn text(text: &Text) -> String {
    text.as_str().to_owned()
}

fn texts(texts: &[Text]) -> Vec<String> {
    texts.iter().map(text).collect()
}

/// Whose tokens prove a service account. What an identity is named by is not the name of its key,
/// which the server chooses.
fn identities(
    entry: &ServiceAccountEntry,
) -> impl Iterator<Item = (String, ServiceAccountKey)> + '_ {
    let account = entry.id.as_str();
    entry.oidc.iter().map(move |identity| {
        let oidc = OidcIdentity {
            issuer: text(&identity.value.issuer),
            subject: text(&identity.value.subject),
        };
        let named = named(&oidc);
        let key = ServiceAccountKey {
            name: format!("serviceAccounts/{account}/keys/{named}"),
            oidc: Some(oidc),
            ..ServiceAccountKey::default()
        };
        (named, key)
    })
}

/// What names an identity: no other has the same.
pub(super) fn named(identity: &OidcIdentity) -> String {
    format!("{} {}", identity.issuer, identity.subject)
}

fn user(entry: &UserEntry) -> User {
    let state = UserState::from_str_name(&format!("USER_STATE_{}", entry.state.as_str()));
    User {
        name: format!("users/{}", entry.id.as_str()),
        login: text(&entry.login),
        realm: entry.realm.get().unwrap_or("default").to_owned(),
        given_name: text(&entry.given_name),
        family_name: text(&entry.family_name),
        email: text(&entry.email),
        state: state.unwrap_or_default().into(),
        ..User::default()
    }
}
