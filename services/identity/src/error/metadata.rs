//! What varies in the message of a refusal, for programs.

use super::Error;

impl Error {
    /// The metadata of `google.rpc.ErrorInfo`: nothing that the message does not say.
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
