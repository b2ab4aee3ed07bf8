//! What there is to be: the facts that valid documents say, and, of what they leave out, those that
//! the server has.

mod catalog;
mod organization;

use api::identity::v1::{OidcIdentity, ServiceAccount, ServiceAccountKey, User, UserState};

use super::facts::{Facts, OrganizationFacts};
use crate::document::{Document, ServiceAccountEntry, Text, UserEntry};
use catalog::application;
use organization::organization;

/// Takes over what an entry says; what it leaves out stays as it was.
macro_rules! say {
    ($fact:ident, $entry:ident: $($key:literal => $field:ident: $value:expr,)*) => {$(
        if $entry.says($key) {
            $fact.$field = $value;
        }
    )*};
}

use say;

/// The facts that documents say. Each is said once, which validation has seen to.
pub fn desired(documents: &[Document], state: &Facts) -> Facts {
    let mut facts = Facts::default();
    let nothing = OrganizationFacts::default();
    for root in documents.iter().map(|document| &document.root) {
        for entry in root.applications.iter().map(|entry| &entry.value) {
            let name = format!("applications/{}", entry.id.as_str());
            let application = application(entry, &name, state.applications.get(&name));
            facts.applications.insert(name, application);
        }
        for entry in root.service_accounts.iter().map(|entry| &entry.value) {
            let name = format!("serviceAccounts/{}", entry.id.as_str());
            let account = service_account(entry, &name, state.service_accounts.get(&name));
            facts.service_accounts.insert(name, account);
            facts.identities.extend(identities(entry));
        }
        for entry in root.users.iter().map(|entry| &entry.value) {
            let name = format!("users/{}", entry.id.as_str());
            let user = user(entry, &name, state.users.get(&name));
            facts.users.insert(name, user);
        }
        for entry in root.organizations.iter().map(|entry| &entry.value) {
            let name = format!("organizations/{}", entry.id.as_str());
            let current = state.organizations.get(&name);
            let found = organization(entry, &name, current.unwrap_or(&nothing));
            facts.organizations.insert(name, found);
        }
    }
    facts
}

fn text(text: &Text) -> String {
    text.as_str().to_owned()
}

fn texts(texts: &[Text]) -> Vec<String> {
    texts.iter().map(text).collect()
}

fn service_account(
    entry: &ServiceAccountEntry,
    name: &str,
    current: Option<&ServiceAccount>,
) -> ServiceAccount {
    let mut account = ServiceAccount {
        name: name.to_owned(),
        display_name: current
            .map(|own| own.display_name.clone())
            .unwrap_or_default(),
        ..ServiceAccount::default()
    };
    say! { account, entry:
        "display_name" => display_name: text(&entry.display_name),
    }
    account
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

fn user(entry: &UserEntry, name: &str, current: Option<&User>) -> User {
    let mut user = current.cloned().unwrap_or_else(|| User {
        name: name.to_owned(),
        realm: "default".to_owned(),
        ..User::default()
    });
    user.set_state(state(&entry.state));
    say! { user, entry:
        "login" => login: text(&entry.login),
        "realm" => realm: entry.realm.get().unwrap_or("default").to_owned(),
        "given_name" => given_name: text(&entry.given_name),
        "family_name" => family_name: text(&entry.family_name),
        "email" => email: text(&entry.email),
    }
    user
}

/// The state that an entry says; none stays what it is.
fn state(said: &Text) -> UserState {
    let name = format!("USER_STATE_{}", said.as_str());
    UserState::from_str_name(&name).unwrap_or_default()
}
