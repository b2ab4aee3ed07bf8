//! The subjects that access is granted to.

use std::fmt;

use crate::{
    id::{Id, ServiceAccountId, UserId},
    name::InvalidName,
};

/// A user or a service account, by resource name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// An internal backend.
    ServiceAccount(ServiceAccountId),
}

impl Subject {
    /// Parses `users/{user}` or `serviceAccounts/{service_account}`.
    ///
    /// # Errors
    /// [`InvalidName`] when it is neither.
    pub fn parse_name(name: &str) -> Result<Self, InvalidName> {
        if name.starts_with("serviceAccounts/") {
            ServiceAccountId::parse_name(name).map(Self::ServiceAccount)
        } else {
            UserId::parse_name(name).map(Self::User)
        }
    }

    /// Checks that a string is a subject's resource name, without building it.
    ///
    /// # Errors
    /// As [`Subject::parse_name`].
    pub fn check_name(name: &str) -> Result<(), InvalidName> {
        let valid = match name.strip_prefix("users/") {
            Some(id) => UserId::is_valid(id),
            None => name
                .strip_prefix("serviceAccounts/")
                .is_some_and(ServiceAccountId::is_valid),
        };
        if valid {
            return Ok(());
        }
        Self::parse_name(name).map(drop)
    }

    /// Returns the id within its collection.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::ServiceAccount(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "users/{id}"),
            Self::ServiceAccount(id) => write!(f, "serviceAccounts/{id}"),
        }
    }
}
