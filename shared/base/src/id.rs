//! Typed ids. An id is ASCII and compared byte for byte, so that no two of them look alike and
//! differ, and none differs by case folding or Unicode normalization.

use std::fmt;

use smol_str::SmolStr;

/// The longest id, in bytes.
const MAX_LENGTH: usize = 63;

/// A string that is not an id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is not an id of {collection}")]
pub struct InvalidId {
    /// The collection that the id should be in.
    pub collection: &'static str,
    /// What was found, cut to the length of an id.
    pub id: String,
}

/// An id that is unique in its collection.
pub trait Id: Sized + Clone + Ord + fmt::Debug {
    /// The collection in resource names, as in `users/{user}`.
    const COLLECTION: &'static str;

    /// Whether a string is an id of this kind.
    fn is_valid(id: &str) -> bool;

    /// Wraps what `is_valid` accepts.
    fn wrap(id: &str) -> Self;

    /// The id as a string.
    fn as_str(&self) -> &str;

    /// Reads an id.
    ///
    /// # Errors
    /// [`InvalidId`] when the string does not follow the grammar.
    fn parse(id: &str) -> Result<Self, InvalidId> {
        if Self::is_valid(id) {
            Ok(Self::wrap(id))
        } else {
            Err(InvalidId {
                collection: Self::COLLECTION,
                id: id.chars().take(MAX_LENGTH).collect(),
            })
        }
    }
}

/// Lower case letters, digits and hyphens; begins with a letter, does not end with a hyphen.
/// So `-`, `0` and a nil UUID, which other systems take for "all" or "none", are no ids.
fn is_slug(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() <= MAX_LENGTH
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last() != Some(&b'-')
        && bytes
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What the operator's systems use for their things: telephone and serial numbers too.
fn is_token(id: &str) -> bool {
    let bytes = id.as_bytes();
    bytes.len() <= MAX_LENGTH
        && bytes
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'+')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_' | b'-'))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident in $collection:literal, $grammar:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(SmolStr);

        impl Id for $name {
            const COLLECTION: &'static str = $collection;

            fn is_valid(id: &str) -> bool {
                $grammar(id)
            }

            fn wrap(id: &str) -> Self {
                Self(id.into())
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person.
    UserId in "users", is_slug;
    /// An internal backend.
    ServiceAccountId in "serviceAccounts", is_slug;
    /// A key of a service account.
    KeyId in "keys", is_slug;
    /// A tenant.
    OrganizationId in "organizations", is_slug;
    /// A node in the tree of an organization.
    UnitId in "units", is_slug;
    /// A leaf that access can be restricted to.
    ResourceId in "resources", is_token;
    /// Whom an organization turns to at the operator.
    ContactId in "contacts", is_slug;
    /// A subject in an organization.
    MembershipId in "memberships", is_slug;
    /// A change that somebody asks for.
    ChangeRequestId in "changeRequests", is_slug;
    /// What access is given to.
    ApplicationId in "applications", is_slug;
    /// A named set of permissions.
    RoleId in "roles", is_slug;
    /// That an organization has an application; the id of the application.
    EntitlementId in "entitlements", is_slug;
    /// A role given to a member.
    GrantId in "grants", is_slug;
}

impl OrganizationId {
    /// The organization of the company that runs the platform.
    pub fn operator() -> Self {
        Self("operator".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_what_other_systems_take_for_all_or_none_is_no_id() {
        for id in [
            "",
            "-",
            "0",
            "*",
            "00000000-0000-0000-0000-000000000000",
            "a-",
            "-a",
            "A",
            "a b",
            "a/b",
            "é",
            "a\u{301}",
            "a\0",
            "a\n",
        ] {
            assert!(OrganizationId::parse(id).is_err(), "{id:?}");
        }
        for id in ["a", "a-b", "acme-2"] {
            assert_eq!(OrganizationId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn k_m_ids_differ_by_case_and_reject_control_characters() {
        assert_ne!(ResourceId::parse("SIM-1"), ResourceId::parse("sim-1"));
        assert!(ResourceId::parse("+32470000001").is_ok());
        for id in [
            "",
            "a\u{7f}",
            "a\u{202e}b",
            "ａ",
            "..",
            ".a",
            "a/b",
            "a%2fb",
        ] {
            assert!(ResourceId::parse(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn an_id_is_at_most_63_bytes() {
        assert!(UserId::parse(&"a".repeat(63)).is_ok());
        assert!(UserId::parse(&"a".repeat(64)).is_err());
    }
}
