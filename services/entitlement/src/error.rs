//! Why a use case refused.

use ::rpc::Fault;
use ::store::StoreError;
use api::{common, entitlement::v1::ErrorReason};
use authority::Refused;
use entitlement_core::CatalogError;
use seal::InvalidToken;
use tonic::Code;

use crate::facts::FactsError;

/// The domain of this service's reasons.
const DOMAIN: &str = "entitlement.mandate";

/// Why a use case refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Common(#[from] Fault),
    #[error("there is no application `{0}`")]
    ApplicationNotFound(String),
    #[error("an application `{0}` exists, or one with that alias")]
    ApplicationExists(String),
    #[error("the application is part of Mandate and cannot be changed")]
    ApplicationBuiltIn,
    #[error("`{field}`: {source}")]
    Catalog {
        field: &'static str,
        source: CatalogError,
    },
    #[error("there is no role `{0}`")]
    RoleNotFound(String),
    #[error("role `{0}` is held, so it cannot be removed")]
    RoleHeld(String),
    #[error("no application of the catalogue has the permission `{0}`")]
    PermissionUnknown(String),
    #[error("the organization has no entitlement `{0}`")]
    EntitlementNotFound(String),
    #[error("the organization has an entitlement for `{0}`")]
    EntitlementExists(String),
    #[error("the organization does not have the application `{0}`")]
    ApplicationNotEntitled(String),
    #[error("another system manages the rights of `{0}`")]
    RightsExternallyManaged(String),
    #[error("there is no grant `{0}`")]
    GrantNotFound(String),
    #[error("a grant `{0}` exists")]
    GrantExists(String),
    #[error("`{0}` is no member of the organization")]
    UserNotMember(String),
    #[error("a scope that is not `all` names at least one unit or resource")]
    ScopeRequired(String),
    #[error("the organization does not have `{0}`")]
    ScopeOutOfOrganization(String),
    #[error("the questions of a batch are about one organization")]
    MixedOrganizations,
    #[error("the facts of identity or membership are further behind than is allowed")]
    ProjectionBehind,
    #[error("the token was not issued by this installation")]
    ConsistencyTokenInvalid,
    #[error("`{name}` is {state}")]
    WrongState { name: String, state: &'static str },
    #[error("what would be applied is not what was previewed")]
    PreviewStale,
    #[error("the preview has more than {0} places; preview fewer changes at once")]
    PreviewTooLarge(usize),
    #[error("the moment has not passed yet")]
    ReadTimeInFuture,
    #[error("what was then is kept no longer")]
    ReadTimeNotKept,
    #[error(transparent)]
    Facts(#[from] FactsError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Common(error.into())
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
        let message = error.to_string();
        let (code, reason) = match error {
            Error::Common(fault) => return fault,
            Error::Facts(FactsError::Deadline) => return Self::deadline(),
            Error::Facts(error) => return Self::unavailable(error),
            Error::Catalog { field, source } => return Self::field(field, source.to_string()),
            Error::ConsistencyTokenInvalid => {
                let reason = common::v1::ErrorReason::ConsistencyTokenInvalid;
                return Self::common(Code::InvalidArgument, reason, message);
            }
            Error::ApplicationNotFound(_) => (Code::NotFound, ErrorReason::ApplicationNotFound),
            Error::ApplicationExists(_) => (Code::AlreadyExists, ErrorReason::ApplicationExists),
            Error::ApplicationBuiltIn => {
                (Code::FailedPrecondition, ErrorReason::ApplicationBuiltIn)
            }
            Error::RoleNotFound(_) => (Code::NotFound, ErrorReason::RoleNotFound),
            Error::RoleHeld(_) => (Code::FailedPrecondition, ErrorReason::RoleHeld),
            Error::PermissionUnknown(_) => (Code::InvalidArgument, ErrorReason::PermissionUnknown),
            Error::EntitlementNotFound(_) => (Code::NotFound, ErrorReason::EntitlementNotFound),
            Error::EntitlementExists(_) => (Code::AlreadyExists, ErrorReason::EntitlementExists),
            Error::ApplicationNotEntitled(_) => (
                Code::FailedPrecondition,
                ErrorReason::ApplicationNotEntitled,
            ),
            Error::RightsExternallyManaged(_) => (
                Code::FailedPrecondition,
                ErrorReason::RightsExternallyManaged,
            ),
            Error::GrantNotFound(_) => (Code::NotFound, ErrorReason::GrantNotFound),
            Error::GrantExists(_) => (Code::AlreadyExists, ErrorReason::GrantExists),
            Error::UserNotMember(_) => (Code::FailedPrecondition, ErrorReason::UserNotMember),
            Error::ScopeRequired(ref field) => {
                return Self::new(
                    Code::InvalidArgument,
                    DOMAIN,
                    ErrorReason::ScopeRequired.as_str_name(),
                    message.clone(),
                )
                .violation(field.clone(), message);
            }
            Error::ScopeOutOfOrganization(_) => {
                (Code::NotFound, ErrorReason::ScopeOutOfOrganization)
            }
            Error::MixedOrganizations => (Code::InvalidArgument, ErrorReason::MixedOrganizations),
            Error::ProjectionBehind => (Code::Unavailable, ErrorReason::ProjectionBehind),
            Error::PreviewStale => (Code::Aborted, ErrorReason::PreviewStale),
            Error::PreviewTooLarge(_) => (Code::ResourceExhausted, ErrorReason::PreviewTooLarge),
            Error::ReadTimeInFuture => (Code::OutOfRange, ErrorReason::ReadTimeInFuture),
            Error::ReadTimeNotKept => (Code::OutOfRange, ErrorReason::ReadTimeNotKept),
            Error::WrongState { .. } => (Code::FailedPrecondition, ErrorReason::WrongState),
        };
        Self::new(code, DOMAIN, reason.as_str_name(), message)
    }
}
