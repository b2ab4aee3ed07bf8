//! The variable parts of an error message, for programs.

use super::{Error, some_of};

impl Error {
    /// Returns the metadata of `google.rpc.ErrorInfo`. It holds nothing that the message does not
    /// say.
    pub(super) fn metadata(&self) -> Vec<(&'static str, String)> {
        let one = |key, value: &String| vec![(key, value.clone())];
        match self {
            Self::Common(_)
            | Self::Facts(_)
            | Self::ApplicationBuiltIn
            | Self::MixedOrganizations
            | Self::ProjectionBehind
            | Self::PreviewStale
            | Self::RequestOnly
            | Self::SelfEditForbidden => Vec::new(),
            Self::ConsistencyTokenInvalid => vec![("field", "consistency_token".to_owned())],
            Self::ReadTimeInFuture | Self::ReadTimeNotKept => {
                vec![("field", "read_time".to_owned())]
            }
            Self::Catalog { field, .. } => vec![("field", (*field).to_owned())],
            Self::ScopeRequired(field) | Self::ConditionInvalid { field, .. } => {
                one("field", field)
            }
            Self::ApplicationNotFound(name)
            | Self::ApplicationExists(name)
            | Self::EntitlementExists(name)
            | Self::ApplicationNotEntitled {
                application: name, ..
            }
            | Self::RightsExternallyManaged(name) => one("application", name),
            Self::RoleNotFound(name) | Self::RoleExists(name) | Self::RoleHeld(name) => {
                one("role", name)
            }
            Self::PermissionUnknown(name) => one("permission", name),
            Self::EntitlementNotFound(name) => one("entitlement", name),
            Self::GrantNotFound(name) | Self::GrantExists(name) => one("grant", name),
            Self::UserNotMember(name) | Self::OwnerRoleImmutable(name) => one("subject", name),
            Self::ScopeOutOfOrganization(name) | Self::CompanyOutOfReach(name) => {
                one("place", name)
            }
            Self::NotApplicationAdmin(name) | Self::ScopeExceedsGrantor(name) => {
                one(kind(name), name)
            }
            Self::DeletedSince(name) => one("name", name),
            Self::LastOwner(name) => one("organization", name),
            Self::TooManyRoles(most) => vec![("limit", most.to_string())],
            Self::TooManyAsked(most) => vec![("limit", most.to_string())],
            Self::PreviewTooLarge(most) => vec![("limit", most.to_string())],
            Self::TooManyConditions(subject, most) => {
                vec![("subject", subject.clone()), ("limit", most.to_string())]
            }
            Self::WrongState { name, state } => {
                vec![("name", name.clone()), ("state", (*state).to_owned())]
            }
            Self::LastApplicationAdmin {
                organization,
                application,
            } => vec![
                ("organization", organization.clone()),
                ("application", application.clone()),
            ],
            Self::ScopesNotAllowed { field, role } => {
                vec![("field", field.clone()), ("role", role.clone())]
            }
            Self::RoleSeparated { role, one, other } => {
                vec![("role", role.clone()), ("roles", some_of(&[one, other]))]
            }
            Self::Separated { subject, roles } => {
                vec![("subject", subject.clone()), ("roles", some_of(roles))]
            }
            Self::PreconditionNotMet {
                at, subject, role, ..
            } => vec![
                ("field", at.clone()),
                ("subject", subject.clone()),
                ("role", role.clone()),
            ],
        }
    }
}

/// Returns the kind of a name, for errors that concern one of several kinds.
fn kind(name: &str) -> &'static str {
    match name.split('/').collect::<Vec<&str>>().as_slice() {
        [.., "roles" | "customRoles", _] => "role",
        ["applications", ..] => "application",
        ["organizations", ..] => "organization",
        _ => "subject",
    }
}
