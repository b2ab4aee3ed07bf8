//! References to entities that the documents do not create: valid if the server has them.

use crate::document::place::Problem;

/// The target of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An application.
    Application(String),
    /// A role of an application that the documents do not describe.
    Role {
        /// The application.
        application: String,
        /// The role.
        role: String,
    },
    /// A custom role.
    CustomRole {
        /// The organization.
        organization: String,
        /// The application.
        application: String,
        /// The role.
        role: String,
    },
    /// A user.
    User(String),
    /// A service account.
    ServiceAccount(String),
    /// A unit.
    Unit {
        /// The organization.
        organization: String,
        /// The unit.
        unit: String,
    },
    /// A resource.
    Resource {
        /// The organization.
        organization: String,
        /// The resource.
        resource: String,
    },
}

impl Reference {
    /// Returns the message for a target that does not exist.
    pub fn absent(&self) -> String {
        match self {
            Self::Application(id) => format!("there is no application `{id}`"),
            Self::Role { application, role } => {
                format!("there is no role `{application}.{role}`")
            }
            Self::CustomRole {
                organization,
                application,
                role,
            } => format!("there is no custom role `{application}.{role}` in `{organization}`"),
            Self::User(id) => format!("there is no user `{id}`"),
            Self::ServiceAccount(id) => format!("there is no service account `{id}`"),
            Self::Unit { organization, unit } => {
                format!("there is no unit `{unit}` in `{organization}`")
            }
            Self::Resource {
                organization,
                resource,
            } => format!("there is no resource `{resource}` in `{organization}`"),
        }
    }
}

/// A reference that the documents do not resolve.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// The target.
    pub reference: Reference,
    /// The problem if the server does not have the target either.
    pub problem: Problem,
}
