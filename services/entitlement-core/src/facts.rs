//! What a decision is made from, compact.

use std::sync::Arc;

use base::Millis;

use crate::{
    Map,
    catalog::ApplicationIndex,
    condition::Condition,
    role::{RoleIndex, RoleSet},
    scope::{Scope, Tree},
};

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
    pub id: Box<str>,
    /// The role.
    pub role: RoleIndex,
    /// Whether the holder may give on what it gives.
    pub can_delegate: bool,
    /// Where it holds.
    pub scope: Scope,
    /// When it holds.
    pub validity: Validity,
    /// What else bounds it. Few grants have any, and the others pay a word.
    pub bounds: Option<Box<Bounds>>,
}

/// What bounds a grant beside its scope and validity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Of what concerns applications, it gives what concerns these; all if it names none, which is
    /// another thing than to name what there is no more.
    pub applications: Option<Box<[ApplicationIndex]>>,
    /// It holds only where this is met.
    pub condition: Option<Arc<Condition>>,
}

impl Grant {
    /// The applications to which it is bound, if it is bound to any.
    pub fn applications(&self) -> Option<&[ApplicationIndex]> {
        self.bounds.as_ref()?.applications.as_deref()
    }

    /// What must be met for it to hold, if it does not hold always.
    pub fn condition(&self) -> Option<&Condition> {
        self.bounds.as_ref()?.condition.as_deref()
    }
}
