//! What a decision is made from, compact.

use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
};

use base::Millis;
use uuid::{Uuid, fmt::Simple};

use crate::{
    Map,
    catalog::ApplicationIndex,
    condition::Condition,
    role::{RoleIndex, RoleSet},
    scope::{Scope, Tree},
};

/// The id of a grant in its organization. There are many grants: of an id as the product makes
/// them, nothing is kept but its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactId(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// [`MADE`] and a UUID in lower case without hyphens.
    Made(Uuid),
    /// As somebody chose it.
    Chosen(Box<str>),
}

/// What ids that the product makes begin with.
const MADE: &str = "g";

impl CompactId {
    /// Keeps an id.
    pub fn new(id: &str) -> Self {
        let made = id.strip_prefix(MADE).and_then(|number| {
            let made = Self(Form::Made(number.parse().ok()?));
            // A UUID has other texts, too.
            (made.to_string() == id).then_some(made)
        });
        made.unwrap_or_else(|| Self(Form::Chosen(id.into())))
    }

    /// Appends the id to a text.
    pub fn push_to(&self, text: &mut String) {
        match &self.0 {
            Form::Made(uuid) => {
                text.push_str(MADE);
                text.push_str(uuid.simple().encode_lower(&mut [0; Simple::LENGTH]));
            }
            Form::Chosen(id) => text.push_str(id),
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

/// From when to when something is in force: from the start, up to but without the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// In force from then on.
    pub start: Millis,
    /// No longer in force from then on.
    pub end: Millis,
}

impl Validity {
    /// In force at all times.
    pub const ALWAYS: Self = Self {
        start: Millis::MIN,
        end: Millis::MAX,
    };

    /// Whether it is in force at a moment.
    pub fn holds_at(&self, now: Millis) -> bool {
        self.start <= now && now < self.end
    }
}

impl Default for Validity {
    fn default() -> Self {
        Self::ALWAYS
    }
}

/// What a subject is: some demands are for people only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A person.
    User,
    /// An internal backend.
    ServiceAccount,
}

/// A user or service account, whatever organizations it is a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Whether it may hold effective access.
    pub active: bool,
}

/// That an organization has an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    /// Whether it is not suspended.
    pub active: bool,
    /// When it is in force.
    pub validity: Validity,
}

/// What is shared by all members of an organization.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// Whether access in it holds.
    pub active: bool,
    /// Whether a person needs an active subscription.
    pub subscription_required: bool,
    /// What it has.
    pub entitlements: Map<ApplicationIndex, Entitlement>,
    /// Its units and resources.
    pub tree: Tree,
    /// The roles that it made for itself.
    pub roles: RoleSet,
}

/// A subject in an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// Whether access of the member holds.
    pub active: bool,
    /// Whether the member has an active subscription.
    pub subscription_active: bool,
    /// What the member was given and what was not taken away.
    pub grants: Box<[Grant]>,
}

/// A role given to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id in the organization.
    pub id: CompactId,
    /// The role.
    pub role: RoleIndex,
    /// Whether the holder may give on what it gives.
    pub can_delegate: bool,
    /// Where it holds.
    pub scope: Scope,
    /// What else bounds it. Few grants have any, and the others pay a word.
    pub bounds: Option<Box<Bounds>>,
}

/// What bounds a grant beside its scope; by default, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// When it holds.
    pub validity: Validity,
    /// Of what concerns applications, it gives what concerns these; all if it names none, which is
    /// another thing than to name what there is no more.
    pub applications: Option<Box<[ApplicationIndex]>>,
    /// It holds only where this is met.
    pub condition: Option<Arc<Condition>>,
}

impl Bounds {
    /// As a grant has them: none, if they bound nothing.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Grant {
    /// When it holds.
    pub fn validity(&self) -> Validity {
        let bounds = self.bounds.as_ref();
        bounds.map_or(Validity::ALWAYS, |bounds| bounds.validity)
    }

    /// The applications to which it is bound, if it is bound to any.
    pub fn applications(&self) -> Option<&[ApplicationIndex]> {
        self.bounds.as_ref()?.applications.as_deref()
    }

    /// What must be met for it to hold, if it does not hold always.
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
        assert!(matches!(CompactId::new(made).0, Form::Made(_)));
        for id in [
            made,
            "g",
            "jan-k1",
            // Other texts of a UUID, and another beginning.
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
