//! Resource names, by AIP-122: `collection/{id}`, and `organizations/{organization}` before the
//! names of things that an organization owns.

use std::fmt;

use crate::id::{
    ApplicationId, Id, InvalidId, KeyId, OrganizationId, RoleId, ServiceAccountId, UserId,
};

/// A string that is not a resource name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The collections are not those of the pattern.
    #[error("must be `{pattern}`")]
    Pattern {
        /// The pattern of the names of this kind.
        pattern: String,
    },
    /// One of the ids breaks the grammar.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

macro_rules! root_names {
    ($($id:ident)*) => {$(
        impl $id {
            /// Returns the resource name.
            pub fn name(&self) -> String {
                format!("{}/{self}", Self::COLLECTION)
            }

            /// Parses a resource name.
            ///
            /// # Errors
            /// [`InvalidName`] when it is not one of this collection.
            pub fn parse_name(name: &str) -> Result<Self, InvalidName> {
                match split(name) {
                    Some((Self::COLLECTION, id, None)) => Ok(Self::parse(id)?),
                    _ => Err(pattern(&[Self::COLLECTION])),
                }
            }
        }
    )*};
}

root_names!(UserId ServiceAccountId OrganizationId ApplicationId);

/// The name of something that an organization owns,
/// `organizations/{organization}/{collection}/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct In<I> {
    /// The organization.
    pub organization: OrganizationId,
    /// The id in the organization.
    pub id: I,
}

impl<I: Id> In<I> {
    /// Parses a resource name.
    ///
    /// # Errors
    /// [`InvalidName`] when it is not one of this collection.
    pub fn parse_name(name: &str) -> Result<Self, InvalidName> {
        let (organization, id) = nested::<OrganizationId, I>(name)?;
        Ok(Self { organization, id })
    }

    /// Returns the organization in a resource name; the id is checked but not built.
    ///
    /// # Errors
    /// As [`In::parse_name`].
    pub fn parse_organization(name: &str) -> Result<OrganizationId, InvalidName> {
        let parts = name
            .strip_prefix(OrganizationId::COLLECTION)
            .and_then(|rest| rest.strip_prefix('/')?.split_once('/'));
        if let Some((organization, rest)) = parts
            && let Some(id) = rest.strip_prefix(I::COLLECTION)
            && let Some(id) = id.strip_prefix('/')
            && I::is_valid(id)
        {
            return Ok(OrganizationId::parse(organization)?);
        }
        Self::parse_name(name).map(|name| name.organization)
    }
}

impl<I: Id> fmt::Display for In<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (organization, collection) = (&self.organization, I::COLLECTION);
        write!(
            f,
            "organizations/{organization}/{collection}/{}",
            self.id.as_str()
        )
    }
}

macro_rules! nested_names {
    ($($(#[$doc:meta])* $name:ident { $parent:ident: $parent_id:ident, $child:ident: $child_id:ident })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            /// The parent.
            pub $parent: $parent_id,
            /// The id in the parent.
            pub $child: $child_id,
        }

        impl $name {
            /// Parses a resource name.
            ///
            /// # Errors
            /// [`InvalidName`] when it is not one of this collection.
            pub fn parse_name(name: &str) -> Result<Self, InvalidName> {
                let ($parent, $child) = nested::<$parent_id, $child_id>(name)?;
                Ok(Self { $parent, $child })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}/{}", self.$parent.name(), $child_id::COLLECTION, self.$child)
            }
        }
    )*};
}

nested_names! {
    /// The name of a key, `serviceAccounts/{service_account}/keys/{key}`.
    KeyName { service_account: ServiceAccountId, key: KeyId }
}

/// The name of a role: `applications/{application}/roles/{role}`, or
/// `organizations/{organization}/applications/{application}/roles/{role}` for a custom role of an
/// organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleName {
    /// The organization of a custom role; `None` for a role of the catalog.
    pub organization: Option<OrganizationId>,
    /// The application whose permissions it holds.
    pub application: ApplicationId,
    /// The id of the role among the catalog's, or the organization's, roles of the application.
    pub role: RoleId,
}

impl RoleName {
    /// Parses a resource name.
    ///
    /// # Errors
    /// [`InvalidName`] when it is neither form.
    pub fn parse_name(name: &str) -> Result<Self, InvalidName> {
        let (organization, rest) = match split(name) {
            Some((OrganizationId::COLLECTION, id, Some(rest))) => {
                (Some(OrganizationId::parse(id)?), rest)
            }
            _ => (None, name),
        };
        let (application, role) = nested(rest)?;
        Ok(Self {
            organization,
            application,
            role,
        })
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organization) = &self.organization {
            write!(f, "{}/", organization.name())?;
        }
        write!(f, "{}/roles/{}", self.application.name(), self.role)
    }
}

fn nested<P: Id, C: Id>(name: &str) -> Result<(P, C), InvalidName> {
    let wrong = || pattern(&[P::COLLECTION, C::COLLECTION]);
    let Some((parent, parent_id, Some(rest))) = split(name) else {
        return Err(wrong());
    };
    match split(rest) {
        Some((child, child_id, None)) if parent == P::COLLECTION && child == C::COLLECTION => {
            Ok((P::parse(parent_id)?, C::parse(child_id)?))
        }
        _ => Err(wrong()),
    }
}

/// Returns the first collection, its id, and the rest of the name.
fn split(name: &str) -> Option<(&str, &str, Option<&str>)> {
    let (collection, rest) = name.split_once('/')?;
    match rest.split_once('/') {
        Some((id, rest)) => Some((collection, id, Some(rest))),
        None => Some((collection, rest, None)),
    }
}

fn pattern(collections: &[&str]) -> InvalidName {
    let parts: Vec<String> = collections
        .iter()
        .map(|collection| format!("{collection}/{{id}}"))
        .collect();
    InvalidName::Pattern {
        pattern: parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UnitId;

    #[test]
    fn a_name_reads_back_as_what_it_was_written_from() {
        let name = In::<UnitId>::parse_name("organizations/acme/units/k1").unwrap();
        assert_eq!(name.to_string(), "organizations/acme/units/k1");
        let role = RoleName::parse_name("applications/fleet/roles/viewer").unwrap();
        assert_eq!(role.to_string(), "applications/fleet/roles/viewer");
        assert_eq!(role.organization, None);
        let own = "organizations/acme/applications/fleet/roles/viewer";
        let role = RoleName::parse_name(own).unwrap();
        assert_eq!(role.to_string(), own);
        assert!(RoleName::parse_name("organizations/acme/roles/viewer").is_err());
        assert_eq!(UserId::parse_name("users/jan").unwrap().name(), "users/jan");
    }

    #[test]
    fn other_collections_and_other_depths_are_refused() {
        for name in [
            "",
            "/",
            "units/k1",
            "organizations/acme",
            "organizations//units/k1",
            "organizations/acme/units/",
            "organizations/acme/units/k1/",
            "organizations/acme/units/k1/x",
            "organizations/acme/resources/k1",
            "organizations/-/units/k1",
            " organizations/acme/units/k1",
        ] {
            assert!(In::<UnitId>::parse_name(name).is_err(), "{name:?}");
            let organization = In::<UnitId>::parse_organization(name);
            assert!(organization.is_err(), "{name:?}");
        }
    }
}
