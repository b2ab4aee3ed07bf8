//! Logins of people.

use types::Grammar;

/// The realm of logins without one.
const DEFAULT_REALM: &str = "default";

/// A login in its realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The login, as the person writes it.
    pub login: String,
    /// The realm: logins are unique within one.
    pub realm: String,
}

/// A violated rule of logins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogin {
    /// The login has characters that can be mistaken for others or displayed differently.
    #[error("must be printable ASCII without spaces")]
    Login,
    /// The realm does not follow the grammar of words.
    #[error("{}", Grammar::Word.rule())]
    Realm,
}

impl InvalidLogin {
    /// Returns the field that breaks the rule.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Login => "user.login",
            Self::Realm => "user.realm",
        }
    }
}

impl Login {
    /// Returns the key of the login, unique in its realm. It ignores case, because people and
    /// directories differ in the case of a login.
    pub fn key(&self) -> String {
        self.login.to_ascii_lowercase()
    }

    /// Parses a login; an empty realm is `default`.
    ///
    /// Logins are ASCII, so that logins that look alike are equal: homographs and normalization
    /// cannot confuse two people.
    ///
    /// # Errors
    /// [`InvalidLogin`].
    pub fn parse(login: &str, realm: &str) -> Result<Self, InvalidLogin> {
        if login.is_empty() || !login.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidLogin::Login);
        }
        let realm = if realm.is_empty() {
            DEFAULT_REALM
        } else {
            realm
        };
        if !Grammar::Word.holds(realm) {
            return Err(InvalidLogin::Realm);
        }
        Ok(Self {
            login: login.to_owned(),
            realm: realm.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_m_a_login_is_printable_ascii() {
        for login in [
            "",
            " jan",
            "jan peeters",
            "jаn",
            "jan\u{200b}",
            "ja\u{301}n",
            "jan\n",
        ] {
            assert_eq!(
                Login::parse(login, ""),
                Err(InvalidLogin::Login),
                "{login:?}"
            );
        }
    }

    #[test]
    fn logins_that_differ_by_case_have_one_key_and_stay_as_they_are_written() {
        let (upper, lower) = (
            Login::parse("Jan", "").unwrap(),
            Login::parse("jan", "").unwrap(),
        );
        assert_eq!(upper.key(), lower.key());
        assert_eq!(upper.login, "Jan");
    }

    #[test]
    fn a_realm_defaults_and_is_a_word() {
        assert_eq!(Login::parse("jan", "").unwrap().realm, "default");
        assert_eq!(Login::parse("jan", "A b"), Err(InvalidLogin::Realm));
    }
}
