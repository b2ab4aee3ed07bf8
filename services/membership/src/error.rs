//! Refusals of use cases.

mod metadata;

use ::rpc::Fault;
use ::store::StoreError;
use api::membership::v1::ErrorReason;
use authz::Refused;
use membership_core::{Misstep, WrongState};
use service::store_fault;
use tokens::InvalidToken;
use tonic::Code;

/// The domain of this service's reasons.
const DOMAIN: &str = "membership.mandate";

/// The refusal of a use case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Common(#[from] Fault),
    #[error("an organization `{0}` exists")]
    OrganizationExists(String),
    #[error("there is no unit `{0}`")]
    UnitNotFound(String),
    #[error("a unit `{0}` exists")]
    UnitExists(String),
    #[error("there are units or resources below `{0}`")]
    UnitNotEmpty(String),
    #[error("`{0}` cannot be below itself")]
    UnitCycle(String),
    #[error("the tree would be deeper than {} units", membership_core::MAX_DEPTH)]
    UnitTooDeep,
    #[error("there is no resource `{0}`")]
    ResourceNotFound(String),
    #[error("a resource `{0}` exists")]
    ResourceExists(String),
    #[error("two resources would have the same name, or the same type and external id")]
    ResourcesAlike,
    #[error("there is no membership `{0}`")]
    MembershipNotFound(String),
    #[error("a membership `{0}` exists")]
    MembershipExists(String),
    #[error("two memberships would have the same name or the same subject")]
    MembershipsAlike,
    #[error("there is no user or service account `{0}`")]
    SubjectNotFound(String),
    #[error("there is no contact `{0}`")]
    ContactNotFound(String),
    #[error("a contact `{0}` exists")]
    ContactExists(String),
    #[error(
        "the organization has {} contacts, the maximum",
        membership_core::MAX_CONTACTS
    )]
    TooManyContacts,
    #[error("`{0}` is the primary representative; make another one primary first")]
    PrimaryRepresentative(String),
    #[error("there is no change request `{0}`")]
    ChangeRequestNotFound(String),
    #[error("a change request `{0}` exists")]
    ChangeRequestExists(String),
    #[error("another change request about `{0}` waits for a decision")]
    ChangeRequestPending(String),
    #[error(
        "the membership has {} undecided change requests, the maximum",
        membership_core::MAX_UNDECIDED
    )]
    TooManyChangeRequests,
    #[error("`reason` must be set")]
    ReasonRequired,
    #[error("only its requester can confirm or cancel `{0}`")]
    NotRequester(String),
    #[error("requesters cannot approve their own requests")]
    SelfApprovalForbidden,
    #[error(
        "`{0}` was deleted after the request was created; another entity may have its name now"
    )]
    DeletedSince(String),
    #[error("`{name}` {state}")]
    Misstep { name: String, state: Misstep },
    #[error("`{name}` {state}")]
    WrongState { name: String, state: WrongState },
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
        use Code::{
            AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied,
            ResourceExhausted,
        };
        let (code, reason) = match error {
            Error::Common(fault) => return fault,
            Error::OrganizationExists(_) => (AlreadyExists, ErrorReason::OrganizationExists),
            Error::UnitNotFound(_) => (NotFound, ErrorReason::UnitNotFound),
            Error::UnitExists(_) => (AlreadyExists, ErrorReason::UnitExists),
            Error::UnitNotEmpty(_) => (FailedPrecondition, ErrorReason::UnitNotEmpty),
            Error::UnitCycle(_) => (FailedPrecondition, ErrorReason::UnitCycle),
            Error::UnitTooDeep => (FailedPrecondition, ErrorReason::UnitTooDeep),
            Error::ResourceNotFound(_) => (NotFound, ErrorReason::ResourceNotFound),
            Error::ResourceExists(_) | Error::ResourcesAlike => {
                (AlreadyExists, ErrorReason::ResourceExists)
            }
            Error::MembershipNotFound(_) => (NotFound, ErrorReason::MembershipNotFound),
            Error::MembershipExists(_) | Error::MembershipsAlike => {
                (AlreadyExists, ErrorReason::MembershipExists)
            }
            Error::ContactNotFound(_) => (NotFound, ErrorReason::ContactNotFound),
            Error::ContactExists(_) => (AlreadyExists, ErrorReason::ContactExists),
            Error::TooManyContacts => (ResourceExhausted, ErrorReason::TooManyContacts),
            Error::PrimaryRepresentative(_) => {
                (FailedPrecondition, ErrorReason::PrimaryRepresentative)
            }
            Error::ChangeRequestNotFound(_) => (NotFound, ErrorReason::ChangeRequestNotFound),
            Error::ChangeRequestExists(_) => (AlreadyExists, ErrorReason::ChangeRequestExists),
            Error::ChangeRequestPending(_) => {
                (FailedPrecondition, ErrorReason::ChangeRequestPending)
            }
            Error::TooManyChangeRequests => (ResourceExhausted, ErrorReason::TooManyChangeRequests),
            Error::ReasonRequired => (InvalidArgument, ErrorReason::ReasonRequired),
            Error::NotRequester(_) => (PermissionDenied, ErrorReason::NotRequester),
            Error::SelfApprovalForbidden => (PermissionDenied, ErrorReason::SelfApprovalForbidden),
            Error::DeletedSince(_) => (FailedPrecondition, ErrorReason::DeletedSince),
            Error::SubjectNotFound(_) => (FailedPrecondition, ErrorReason::SubjectNotFound),
            Error::Misstep { .. } | Error::WrongState { .. } | Error::Protected(_) => {
                (FailedPrecondition, ErrorReason::WrongState)
            }
        };
        let message = error.to_string();
        let fault = Self::new(code, DOMAIN, reason.as_str_name(), &message);
        let fault = fault.telling(error.metadata());
        match reason {
            ErrorReason::ReasonRequired => fault.violation("reason", message),
            _ => fault,
        }
    }
}
