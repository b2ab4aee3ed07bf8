//! Metadata of refusals, for programs: the variable parts of the message.

use membership_core::{MAX_CONTACTS, MAX_DEPTH, MAX_UNDECIDED};

use super::Error;

impl Error {
    /// Returns the metadata of `google.rpc.ErrorInfo`: only data that the message contains, too.
    pub(super) fn metadata(&self) -> Vec<(&'static str, String)> {
        let one = |key, value: &String| vec![(key, value.clone())];
        let state = |name: &String, state: String| vec![("name", name.clone()), ("state", state)];
        match self {
            Self::Common(_)
            | Self::ResourcesAlike
            | Self::MembershipsAlike
            | Self::SelfApprovalForbidden => Vec::new(),
            Self::OrganizationExists(name) => one("organization", name),
            Self::UnitNotFound(name)
            | Self::UnitExists(name)
            | Self::UnitNotEmpty(name)
            | Self::UnitCycle(name) => one("unit", name),
            Self::UnitTooDeep => vec![("limit", MAX_DEPTH.to_string())],
            Self::ResourceNotFound(name) | Self::ResourceExists(name) => one("resource", name),
            Self::MembershipNotFound(name)
            | Self::MembershipExists(name)
            | Self::ChangeRequestPending(name) => one("membership", name),
            Self::SubjectNotFound(name) => one("subject", name),
            Self::ContactNotFound(name)
            | Self::ContactExists(name)
            | Self::PrimaryRepresentative(name) => one("contact", name),
            Self::TooManyContacts => vec![("limit", MAX_CONTACTS.to_string())],
            Self::TooManyChangeRequests => vec![("limit", MAX_UNDECIDED.to_string())],
            Self::ChangeRequestNotFound(name)
            | Self::ChangeRequestExists(name)
            | Self::NotRequester(name) => one("change_request", name),
            Self::ReasonRequired => vec![("field", "reason".to_owned())],
            Self::DeletedSince(name) | Self::Protected(name) => one("name", name),
            Self::Misstep { name, state: wrong } => state(name, wrong.0.to_string()),
            Self::WrongState { name, state: wrong } => state(name, wrong.0.to_string()),
        }
    }
}
