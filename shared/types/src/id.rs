//! Typed ids. An id is ASCII and compared byte for byte, so that different ids never look alike,
//! and case folding and Unicode normalization never matter.

use std::fmt;

use smol_str::SmolStr;

/// The grammar of ids: ids that other systems assign, or words of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// Ids that issuers and directories assign, too: letters, digits and `_.|@+=~-`.
    Given,
    /// Parts of permissions and of secrets, which are joined with `.` and `_`.
    Word,
}

impl Grammar {
    /// Returns the maximum length of an id, in bytes.
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Given => 128,
            Self::Word => 63,
        }
    }

    /// Returns the rule, in words.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Given => {
                "must be 1 to 128 of `A-Z a-z 0-9 _ . | @ + = ~ -`, one of them a letter or a digit other than 0"
            }
            Self::Word => {
                "must be 1 to 63 of `a-z 0-9 -`, begin with a letter and not end with a hyphen"
            }
        }
    }

    /// Returns the rule as a pattern, as in the field rules of the protobuf files: it matches an id
    /// or an empty text.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Given => "^([0_.|@+=~-]*[1-9A-Za-z][0-9A-Za-z_.|@+=~-]*)?$",
            Self::Word => "^([a-z]([0-9a-z-]*[0-9a-z])?)?$",
        }
    }

    /// True if a string is an id.
    pub fn holds(self, id: &str) -> bool {
        id.len() <= self.max_bytes()
            && match self {
                Self::Given => is_given(id.as_bytes()),
                Self::Word => is_word(id.as_bytes()),
            }
    }
}

/// Checks an assigned id. Other systems take `-`, `..`, `0` and a nil UUID for "all" or "none", so
/// these are not ids.
fn is_given(id: &[u8]) -> bool {
    let class = |byte: &u8| CLASSES.get(usize::from(*byte)).copied();
    let classes = id.iter().filter_map(class);
    let (all, any) = classes.fold((u8::MAX, 0), |(all, any), class| (all & class, any | class));
    all & GIVEN != 0 && any & NAMING != 0
}

/// The class of bytes that assigned ids may have.
const GIVEN: u8 = 1;
/// The class of bytes of which an assigned id has at least one.
const NAMING: u8 = 2;
/// The classes of each byte. Every question has several ids to check, so each byte costs a lookup.
const CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler"
)]
const fn classes() -> [u8; 256] {
    let (mut classes, mut byte) = ([0; 256], 0);
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'1'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => GIVEN | NAMING,
            b'0' | b'_' | b'.' | b'|' | b'@' | b'+' | b'=' | b'~' | b'-' => GIVEN,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

fn is_word(id: &[u8]) -> bool {
    id.first().is_some_and(u8::is_ascii_lowercase)
        && id.last() != Some(&b'-')
        && id
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A string that is not an id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is not an id of {collection}: {rule}", rule = grammar.rule())]
pub struct InvalidId {
    /// The collection that the id should be in.
    pub collection: &'static str,
    /// The grammar of ids in the collection.
    pub grammar: Grammar,
    /// The refused string, cut to the maximum length of an id.
    pub id: String,
}

/// An id that is unique in its collection.
pub trait Id: Sized + Clone + Ord + fmt::Debug {
    /// The collection in resource names, as in `users/{user}`.
    const COLLECTION: &'static str;

    /// The grammar of ids of this kind.
    const GRAMMAR: Grammar;

    /// True if a string is an id of this kind.
    fn is_valid(id: &str) -> bool {
        Self::GRAMMAR.holds(id)
    }

    /// Wraps a string that `is_valid` accepts.
    fn wrap(id: &str) -> Self;

    /// Returns the id as a string.
    fn as_str(&self) -> &str;

    /// Parses an id.
    ///
    /// # Errors
    /// [`InvalidId`] when the string does not follow the grammar.
    fn parse(id: &str) -> Result<Self, InvalidId> {
        if Self::is_valid(id) {
            Ok(Self::wrap(id))
        } else {
            Err(InvalidId {
                collection: Self::COLLECTION,
                grammar: Self::GRAMMAR,
                id: id.chars().take(Self::GRAMMAR.max_bytes()).collect(),
            })
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident in $collection:literal, $grammar:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(SmolStr);

        impl Id for $name {
            const COLLECTION: &'static str = $collection;
            const GRAMMAR: Grammar = Grammar::$grammar;

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
    UserId in "users", Given;
    /// An internal backend.
    ServiceAccountId in "serviceAccounts", Given;
    /// A key of a service account.
    KeyId in "keys", Word;
    /// A tenant.
    OrganizationId in "organizations", Given;
    /// A node in the tree of an organization.
    UnitId in "units", Given;
    /// A leaf that access can be restricted to.
    ResourceId in "resources", Given;
    /// A contact person of an organization at the operator.
    ContactId in "contacts", Given;
    /// A subject in an organization.
    MembershipId in "memberships", Given;
    /// A requested change.
    ChangeRequestId in "changeRequests", Given;
    /// A product that access is granted to.
    ApplicationId in "applications", Word;
    /// A named set of permissions.
    RoleId in "roles", Word;
    /// An organization's entitlement to an application; its id is that of the application.
    EntitlementId in "entitlements", Word;
    /// A role granted to a member.
    GrantId in "grants", Given;
}

impl OrganizationId {
    /// Returns the organization of the operator, the company that runs the platform.
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
            ".",
            "..",
            "00000000-0000-0000-0000-000000000000",
            "a b",
            "a/b",
            "a:b",
            "a%2fb",
            "é",
            "ａ",
            "a\u{301}",
            "a\u{202e}b",
            "a\0",
            "a\n",
            "a\u{7f}",
        ] {
            assert!(OrganizationId::parse(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn ids_that_issuers_and_directories_hand_out_are_ids() {
        for id in [
            "a",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "7",
            "+32470000001",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "Jan.Peeters+work@example.com",
            "dGVzdA==",
            "_x~-",
        ] {
            assert_eq!(UserId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn parts_of_permissions_and_of_secrets_are_words() {
        for id in ["", "0", "A", "a-", "-a", "1a", "a.b", "a_b", "a|b"] {
            assert!(ApplicationId::parse(id).is_err(), "{id:?}");
            assert!(KeyId::parse(id).is_err(), "{id:?}");
        }
        assert_eq!(ApplicationId::parse("fleet-2").unwrap().as_str(), "fleet-2");
    }

    #[test]
    fn k_m_ids_that_differ_by_case_differ() {
        assert_ne!(ResourceId::parse("SIM-1"), ResourceId::parse("sim-1"));
        assert_ne!(UserId::parse("Jan"), UserId::parse("jan"));
    }

    #[test]
    fn an_id_is_at_most_as_long_as_its_grammar_says() {
        for (length, given, word) in [(63, true, true), (64, true, false), (128, true, false)] {
            let id = "a".repeat(length);
            assert_eq!(UserId::parse(&id).is_ok(), given);
            assert_eq!(ApplicationId::parse(&id).is_ok(), word);
        }
        assert!(UserId::parse(&"a".repeat(129)).is_err());
    }

    #[test]
    fn a_refusal_says_what_an_id_is() {
        let refused = UserId::parse("a/b").unwrap_err().to_string();
        assert!(
            refused.contains("is not an id of users: must be 1 to 128"),
            "{refused}"
        );
    }
}
