//! The desired state: the facts that valid documents declare, completed with the values of the
//! server for omitted fields.

mod catalog;
mod organization;

use api::identity::v1::{OidcIdentity, ServiceAccount, ServiceAccountKey, User, UserState};

use super::facts::{Facts, OrganizationFacts};
use crate::document::{Document, ServiceAccountEntry, Text, UserEntry};
use catalog::application;
use organization::organization;

/// Copies the fields that an entry sets; omitted fields stay as they were.
macro_rules! say {
    ($fact:ident, $entry:ident: $($key:literal => $field:ident: $value:expr,)*) => {$(
        if $entry.says($key) {
            $fact.$field = $value;
        }
    )*};
}

use say;

/// Returns the facts that documents declare. Validation has made sure that each is declared once.
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

/// Returns the OIDC identities of a service account. They are keyed by issuer and subject, because
/// the server chooses the name of the key.
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

/// Returns the unique key of an identity.
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

/// Returns the state that an entry sets; unspecified leaves it unchanged.
fn state(said: &Text) -> UserState {
    let name = format!("USER_STATE_{}", said.as_str());
    UserState::from_str_name(&name).unwrap_or_default()
}
