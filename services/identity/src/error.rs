//! Refusals of use cases.

mod metadata;

use ::rpc::Fault;
use ::store::StoreError;
use api::identity::v1::ErrorReason;
use authz::Refused;
use service::store_fault;
use tokens::InvalidToken;
use tonic::Code;
use types::OidcIdentity;

/// The domain of this service's reasons.
const DOMAIN: &str = "identity.mandate";

/// The refusal of a use case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Common(#[from] Fault),
    #[error("there is no user `{0}`")]
    UserNotFound(String),
    #[error("a user `{0}` exists")]
    UserExists(String),
    #[error("another user of the realm has the `user.login`")]
    LoginTaken,
    #[error("there is no service account `{0}`")]
    ServiceAccountNotFound(String),
    #[error("a service account `{0}` exists")]
    ServiceAccountExists(String),
    #[error("there is no key `{0}`")]
    KeyNotFound(String),
    #[error("the identity `{0}` is taken")]
    OidcIdentityTaken(OidcIdentity),
    #[error("`{name}` is {state} already")]
    WrongState { name: String, state: &'static str },
    #[error("`{0}` is protected: the installation is governed through it")]
    Protected(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Common(store_fault(error))
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Common(refused.into())
    }
}

impl From<InvalidToken> for Error {
    fn from(error: InvalidToken) -> Self {
        Self::Common(error.into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::Common(fault) => return fault,
            Error::UserNotFound(_) => (Code::NotFound, ErrorReason::UserNotFound),
            Error::UserExists(_) => (Code::AlreadyExists, ErrorReason::UserExists),
            Error::LoginTaken => (Code::AlreadyExists, ErrorReason::LoginTaken),
            Error::ServiceAccountNotFound(_) => {
                (Code::NotFound, ErrorReason::ServiceAccountNotFound)
            }
            Error::ServiceAccountExists(_) => {
                (Code::AlreadyExists, ErrorReason::ServiceAccountExists)
            }
            Error::KeyNotFound(_) => (Code::NotFound, ErrorReason::KeyNotFound),
            Error::OidcIdentityTaken(_) => (Code::AlreadyExists, ErrorReason::OidcIdentityTaken),
            Error::WrongState { .. } | Error::Protected(_) => {
                (Code::FailedPrecondition, ErrorReason::WrongState)
            }
        };
        Self::new(code, DOMAIN, reason.as_str_name(), error.to_string()).telling(error.metadata())
    }
}
