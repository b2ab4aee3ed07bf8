//! The facts of a decision, in compact form.

use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
};

use types::UnixTime;
use uuid::{Uuid, fmt::Simple};

use crate::{
    Map,
    catalog::ApplicationIndex,
    condition::Condition,
    role::{RoleIndex, RoleSet},
    scope::{Scope, Tree},
};

/// The id of a grant in its organization. There are many grants, so a generated id is kept as its
/// number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactId(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// [`GENERATED_PREFIX`] and a UUID in lower case without hyphens.
    Generated(Uuid),
    /// An id that a caller chose.
    Custom(Box<str>),
}

/// Prefix of generated ids.
const GENERATED_PREFIX: &str = "g";

impl CompactId {
    /// Compacts an id.
    pub fn new(id: &str) -> Self {
        let made = id.strip_prefix(GENERATED_PREFIX).and_then(|number| {
            let made = Self(Form::Generated(number.parse().ok()?));
            // A UUID has other spellings, too.
            (made.to_string() == id).then_some(made)
        });
        made.unwrap_or_else(|| Self(Form::Custom(id.into())))
    }

    /// Appends the id to a text.
    pub fn push_to(&self, text: &mut String) {
        match &self.0 {
            Form::Generated(uuid) => {
                text.push_str(GENERATED_PREFIX);
                text.push_str(uuid.simple().encode_lower(&mut [0; Simple::LENGTH]));
            }
            Form::Custom(id) => text.push_str(id),
        }
    }
}

impl Display for CompactId {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_to(&mut text);
        out.write_str(&text)
    }
}

/// A period of validity: from the start, up to but not including the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Start, inclusive.
    pub start: UnixTime,
    /// End, exclusive.
    pub end: UnixTime,
}

impl Validity {
    /// In force at all times.
    pub const ALWAYS: Self = Self {
        start: UnixTime::MIN,
        end: UnixTime::MAX,
    };

    /// True if the period includes a time.
    pub fn holds_at(&self, now: UnixTime) -> bool {
        self.start <= now && now < self.end
    }
}

impl Default for Validity {
    fn default() -> Self {
        Self::ALWAYS
    }
}

/// The kind of a subject: some requirements apply to people only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A person.
    User,
    /// An internal backend.
    ServiceAccount,
}

/// A user or service account, across organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// True if it may have effective access.
    pub active: bool,
}

/// The entitlement of an organization to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    /// True unless suspended.
    pub active: bool,
    /// Its period of validity.
    pub validity: Validity,
}

/// The facts that all members of an organization share.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// True if access in it is effective.
    pub active: bool,
    /// True if a person needs an active subscription.
    pub subscription_required: bool,
    /// Its entitlements.
    pub entitlements: Map<ApplicationIndex, Entitlement>,
    /// Its units and resources.
    pub tree: Tree,
    /// Its custom roles.
    pub roles: RoleSet,
}

/// The membership of a subject in an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// True if the member's access is effective.
    pub active: bool,
    /// True if the member has an active subscription.
    pub subscription_active: bool,
    /// The grants of the member that were not revoked.
    pub grants: Box<[Grant]>,
}

/// The grant of a role to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id in the organization.
    pub id: CompactId,
    /// The role.
    pub role: RoleIndex,
    /// True if the holder may delegate the grant's access.
    pub can_delegate: bool,
    /// Its scope.
    pub scope: Scope,
    /// Further restrictions. Few grants have any; the others pay one word.
    pub bounds: Option<Box<Bounds>>,
}

/// Restrictions of a grant beside its scope; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Its period of validity.
    pub validity: Validity,
    /// Restricts application-specific permissions to these applications. `None` = all; `Some([])` =
    /// none are left.
    pub applications: Option<Box<[ApplicationIndex]>>,
    /// The condition that must be met.
    pub condition: Option<Arc<Condition>>,
}

impl Bounds {
    /// Returns the bounds as a grant stores them: `None` if they restrict nothing.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Grant {
    /// Returns the period of validity.
    pub fn validity(&self) -> Validity {
        let bounds = self.bounds.as_ref();
        bounds.map_or(Validity::ALWAYS, |bounds| bounds.validity)
    }

    /// Returns the applications to which the grant is bound, if any.
    pub fn applications(&self) -> Option<&[ApplicationIndex]> {
        self.bounds.as_ref()?.applications.as_deref()
    }

    /// Returns the condition, if any.
    pub fn condition(&self) -> Option<&Condition> {
        self.bounds.as_ref()?.condition.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was() {
        let made = "g0193a5b3c2d17f0e8a9b0c1d2e3f4a5b";
        assert!(matches!(CompactId::new(made).0, Form::Generated(_)));
        for id in [
            made,
            "g",
            "jan-k1",
            // Other spellings of a UUID, and a UUID without the prefix.
            "g0193A5B3C2D17F0E8A9B0C1D2E3F4A5B",
            "g0193a5b3-c2d1-7f0e-8a9b-0c1d2e3f4a5b",
            "0193a5b3c2d17f0e8a9b0c1d2e3f4a5b",
        ] {
            assert_eq!(CompactId::new(id).to_string(), id);
        }
    }

    #[test]
    fn a_grant_takes_few_bytes() {
        assert!(size_of::<Grant>() <= 56, "{}", size_of::<Grant>());
        assert!(Bounds::default().boxed().is_none());
    }
}
