//! Users and service accounts.

use api::identity::v1::{ServiceAccount, ServiceAccountKey, User, UserState};

use super::{Fact, Field, State, identify, immutable, mutable, quoted};

impl Fact for ServiceAccount {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![immutable("display_name", &self.display_name)]
    }
}

impl Fact for ServiceAccountKey {
    fn name(&self) -> &str {
        &self.name
    }

    /// An identity has no update; its account must stay in the comparison.
    fn identify(&mut self, _: &Self) {}

    fn fields(&self) -> Vec<Field> {
        let account = self.name.split("/keys/").next().unwrap_or_default();
        vec![immutable("service_account", account)]
    }

    fn refers(&self) -> Vec<String> {
        let account = self.name.split("/keys/").next();
        account.map(str::to_owned).into_iter().collect()
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_none()
    }
}

impl Fact for User {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            immutable("login", &self.login),
            immutable("realm", &self.realm),
            mutable("given_name", quoted(&self.given_name)),
            mutable("family_name", quoted(&self.family_name)),
            mutable("email", quoted(&self.email)),
        ]
    }

    fn state(&self) -> Option<State> {
        match self.state() {
            UserState::Unspecified => None,
            UserState::Active => Some(State::Active),
            UserState::Deactivated => Some(State::Deactivated),
        }
    }
}
