//! Metadata of refusals, for programs: the variable parts of the message.

use super::Error;

impl Error {
    /// Returns the metadata of `google.rpc.ErrorInfo`: only data that the message contains, too.
    pub(super) fn metadata(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Common(_) => Vec::new(),
            Self::UserNotFound(name) | Self::UserExists(name) => vec![("user", name)],
            Self::LoginTaken => vec![("field", "user.login")],
            Self::ServiceAccountNotFound(name) | Self::ServiceAccountExists(name) => {
                vec![("service_account", name)]
            }
            Self::KeyNotFound(name) => vec![("key", name)],
            Self::OidcIdentityTaken(identity) => {
                vec![
                    ("issuer", identity.issuer()),
                    ("subject", identity.subject()),
                ]
            }
            Self::WrongState { name, state } => vec![("name", name), ("state", state)],
            Self::Protected(name) => vec![("name", name)],
        }
    }
}
