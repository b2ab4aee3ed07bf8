//! The errors of the use cases.

mod metadata;

use ::rpc::{Fault, Help};
use ::store::StoreError;
use api::{common, entitlement::v1::ErrorReason, help_url};
use authz::Refused;
use entitlement_core::{CatalogError, condition::InvalidCondition};
use service::store_fault;
use tokens::InvalidToken;
use tonic::Code;

use crate::facts::FactsError;

/// The domain of this service's reasons.
const ERROR_DOMAIN: &str = "entitlement.mandate";

/// Help for a caller that may only request changes: the method to call, and its documentation.
const REQUEST_HELP: &str =
    "ask for it with `mandate.membership.v1.RequestService.CreateChangeRequest`";
const REQUEST_HELP_PATH: &str = "proto/mandate/membership/v1/request_service.proto";

/// The reason why a use case refused.
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
    #[error("the organization has a role `{0}`")]
    RoleExists(String),
    #[error("the organization already has the maximum of {0} custom roles")]
    TooManyRoles(u64),
    #[error("role `{0}` is held, so it cannot be removed")]
    RoleHeld(String),
    #[error("no application in the catalog has the permission `{0}`")]
    PermissionUnknown(String),
    #[error("the organization has no entitlement `{0}`")]
    EntitlementNotFound(String),
    #[error("the organization has an entitlement for `{0}`")]
    EntitlementExists(String),
    #[error("the organization does not have the application `{application}`")]
    ApplicationNotEntitled {
        application: String,
        representative: Option<Help>,
    },
    #[error("another system manages the rights of `{0}`")]
    RightsExternallyManaged(String),
    #[error("there is no grant `{0}`")]
    GrantNotFound(String),
    #[error("a grant `{0}` exists")]
    GrantExists(String),
    #[error("`{0}` is not a member of the organization")]
    UserNotMember(String),
    #[error("`{0}`: a scope must be `all` or name at least one unit or resource")]
    ScopeRequired(String),
    #[error("the organization does not have `{0}`")]
    ScopeOutOfOrganization(String),
    #[error("all questions of a batch must concern one organization")]
    MixedOrganizations,
    #[error("the facts of identity or membership are further behind than allowed")]
    ProjectionBehind,
    #[error("`consistency_token` was not issued by this installation")]
    ConsistencyTokenInvalid,
    #[error("`{name}` is {state}")]
    WrongState { name: String, state: &'static str },
    #[error("the effect of the changes differs from the preview")]
    PreviewStale,
    #[error("the preview has more than {0} locations; preview fewer changes in one request")]
    PreviewTooLarge(usize),
    #[error("`read_time` is in the future")]
    ReadTimeInFuture,
    #[error("`read_time` is older than the retained history")]
    ReadTimeNotKept,
    #[error("the caller does not manage `{0}`")]
    NotApplicationAdmin(String),
    #[error("the caller may request changes of grants, but not make them")]
    RequestOnly,
    #[error("the caller does not manage the location `{0}`")]
    CompanyOutOfReach(String),
    #[error("`{0}`: the caller may not grant this much access, or not for as long")]
    ScopeExceedsGrantor(String),
    #[error("callers may not change their own access")]
    SelfEditForbidden,
    #[error("only an owner may change the access of `{0}`, who is an owner")]
    OwnerRoleImmutable(String),
    #[error("`{0}` would have no owner left")]
    LastOwner(String),
    #[error("`{application}` would have no administrator left in `{organization}`")]
    LastApplicationAdmin {
        organization: String,
        application: String,
    },
    #[error("`{field}`: `{role}` always applies to the whole organization")]
    ScopesNotAllowed { field: String, role: String },
    #[error(
        "`{role}` would combine permissions of `{one}` and `{other}`, which exclude each other"
    )]
    RoleSeparated {
        role: String,
        one: String,
        other: String,
    },
    #[error("`{subject}` would hold roles that exclude each other: {}", .roles.join(", "))]
    Separated { subject: String, roles: Vec<String> },
    #[error("`{field}`: the condition {source}")]
    ConditionInvalid {
        field: String,
        source: InvalidCondition,
    },
    #[error("`{0}` would have more than {1} grants with conditions")]
    TooManyConditions(String, usize),
    #[error("the questions involve more than {0} conditions; send fewer questions in one request")]
    TooManyAsked(u32),
    #[error("`{subject}` must{} hold `{role}`", if *.must { "" } else { " not" })]
    PreconditionNotMet {
        at: String,
        subject: String,
        role: String,
        must: bool,
    },
    #[error("`{0}` was deleted since; another entity may have its name")]
    DeletedSince(String),
    #[error(transparent)]
    Facts(#[from] FactsError),
}

/// Joins the names for a message: only the first few, because error details must stay small.
pub(crate) fn some_of(names: &[impl AsRef<str>]) -> String {
    const MAX_NAMES: usize = 8;
    let said = names.iter().take(MAX_NAMES).map(AsRef::as_ref);
    let said = said.collect::<Vec<&str>>().join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
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

impl Error {
    /// Returns code and reason for a caller; `None` for errors that all services share.
    fn reason(&self) -> Option<(Code, ErrorReason)> {
        let found = match self {
            Self::Common(_)
            | Self::Facts(_)
            | Self::Catalog { .. }
            | Self::ConsistencyTokenInvalid => return None,
            Self::ApplicationNotFound(_) => (Code::NotFound, ErrorReason::ApplicationNotFound),
            Self::ApplicationExists(_) => (Code::AlreadyExists, ErrorReason::ApplicationExists),
            Self::ApplicationBuiltIn => (Code::FailedPrecondition, ErrorReason::ApplicationBuiltIn),
            Self::RoleNotFound(_) => (Code::NotFound, ErrorReason::RoleNotFound),
            Self::RoleExists(_) => (Code::AlreadyExists, ErrorReason::RoleExists),
            Self::TooManyRoles(_) => (Code::ResourceExhausted, ErrorReason::TooManyRoles),
            Self::RoleHeld(_) => (Code::FailedPrecondition, ErrorReason::RoleHeld),
            Self::PermissionUnknown(_) => (Code::InvalidArgument, ErrorReason::PermissionUnknown),
            Self::EntitlementNotFound(_) => (Code::NotFound, ErrorReason::EntitlementNotFound),
            Self::EntitlementExists(_) => (Code::AlreadyExists, ErrorReason::EntitlementExists),
            Self::ApplicationNotEntitled { .. } => (
                Code::FailedPrecondition,
                ErrorReason::ApplicationNotEntitled,
            ),
            Self::RightsExternallyManaged(_) => (
                Code::FailedPrecondition,
                ErrorReason::RightsExternallyManaged,
            ),
            Self::GrantNotFound(_) => (Code::NotFound, ErrorReason::GrantNotFound),
            Self::GrantExists(_) => (Code::AlreadyExists, ErrorReason::GrantExists),
            Self::UserNotMember(_) => (Code::FailedPrecondition, ErrorReason::UserNotMember),
            Self::ScopeOutOfOrganization(_) => {
                (Code::NotFound, ErrorReason::ScopeOutOfOrganization)
            }
            Self::MixedOrganizations => (Code::InvalidArgument, ErrorReason::MixedOrganizations),
            Self::ProjectionBehind => (Code::Unavailable, ErrorReason::ProjectionBehind),
            Self::DeletedSince(_) => (Code::FailedPrecondition, ErrorReason::DeletedSince),
            Self::PreviewStale => (Code::Aborted, ErrorReason::PreviewStale),
            Self::PreviewTooLarge(_) => (Code::ResourceExhausted, ErrorReason::PreviewTooLarge),
            Self::ReadTimeInFuture => (Code::OutOfRange, ErrorReason::ReadTimeInFuture),
            Self::ReadTimeNotKept => (Code::OutOfRange, ErrorReason::ReadTimeNotKept),
            Self::WrongState { .. } => (Code::FailedPrecondition, ErrorReason::WrongState),
            Self::NotApplicationAdmin(_) => {
                (Code::PermissionDenied, ErrorReason::NotApplicationAdmin)
            }
            Self::RequestOnly => (Code::PermissionDenied, ErrorReason::RequestOnly),
            Self::CompanyOutOfReach(_) => (Code::PermissionDenied, ErrorReason::CompanyOutOfReach),
            Self::ScopeExceedsGrantor(_) => {
                (Code::PermissionDenied, ErrorReason::ScopeExceedsGrantor)
            }
            Self::SelfEditForbidden => (Code::PermissionDenied, ErrorReason::SelfEditForbidden),
            Self::OwnerRoleImmutable(_) => {
                (Code::PermissionDenied, ErrorReason::OwnerRoleImmutable)
            }
            Self::Separated { .. } | Self::RoleSeparated { .. } => {
                (Code::FailedPrecondition, ErrorReason::SodViolation)
            }
            Self::ScopeRequired(_) => (Code::InvalidArgument, ErrorReason::ScopeRequired),
            Self::ScopesNotAllowed { .. } => (
                Code::InvalidArgument,
                ErrorReason::ScopesNotAllowedForSuperuser,
            ),
            Self::LastOwner(_) => (Code::FailedPrecondition, ErrorReason::LastOwner),
            Self::LastApplicationAdmin { .. } => {
                (Code::FailedPrecondition, ErrorReason::LastApplicationAdmin)
            }
            Self::PreconditionNotMet { .. } => {
                (Code::FailedPrecondition, ErrorReason::PreconditionNotMet)
            }
            Self::ConditionInvalid { .. } => (Code::InvalidArgument, ErrorReason::ConditionInvalid),
            Self::TooManyConditions(..) | Self::TooManyAsked(_) => {
                (Code::ResourceExhausted, ErrorReason::TooManyConditions)
            }
        };
        Some(found)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let fault = match error.reason() {
            Some((code, reason)) => Self::new(code, ERROR_DOMAIN, reason.as_str_name(), &message),
            None => return error.into_shared_fault(message),
        };
        let fault = fault.telling(error.metadata());
        match error {
            Error::ScopeRequired(field) | Error::ScopesNotAllowed { field, .. } => {
                fault.violation(field, message)
            }
            Error::LastOwner(subject)
            | Error::LastApplicationAdmin {
                application: subject,
                ..
            } => fault.precondition("SUCCESSOR", subject, "give another member the role first"),
            Error::ConditionInvalid { field, source } => fault.violation(field, source.to_string()),
            Error::ApplicationNotEntitled { representative, .. } => fault.help(representative),
            Error::RequestOnly => fault.help(Some(Help {
                description: REQUEST_HELP.to_owned(),
                url: help_url(REQUEST_HELP_PATH),
            })),
            Error::PreconditionNotMet { at, .. } => fault.precondition("GRANT", at, message),
            _ => fault,
        }
    }
}

impl Error {
    /// Returns the fault of an error that all services share.
    fn into_shared_fault(self, message: String) -> Fault {
        match self {
            Self::Common(fault) => fault,
            Self::Facts(FactsError::Deadline) => Fault::deadline(),
            Self::Facts(FactsError::OtherHistory) => {
                let reason = common::v1::ErrorReason::ConsistencyTokenOtherHistory;
                Fault::common(Code::FailedPrecondition, reason, message)
            }
            Self::Facts(error) => Fault::unavailable(error),
            Self::Catalog { field, source } => Fault::field(field, source.to_string()),
            other => {
                let reason = common::v1::ErrorReason::ConsistencyTokenInvalid;
                let fault = Fault::common(Code::InvalidArgument, reason, message);
                fault.telling(other.metadata())
            }
        }
    }
}
