//! What a document refers to and does not create: right if the server has it.

use crate::document::place::Problem;

/// Something that is referred to.
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
    /// A role that an organization made for itself.
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
    /// What to say when it is nowhere.
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
            } => format!("there is no role `{application}.{role}` of `{organization}`'s own"),
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
    /// What is referred to.
    pub reference: Reference,
    /// What is wrong if the server does not have it either.
    pub problem: Problem,
}
