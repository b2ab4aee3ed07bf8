//! Organizations, and their entities in the membership service.

use api::membership::v1::{
    Contact, Membership, MembershipState, Organization, OrganizationState, Resource, Unit,
};

use super::{Fact, Field, State, identify, immutable, last, mutable, quoted};

impl Fact for Organization {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            mutable("display_name", quoted(&self.display_name)),
            mutable(
                "subscription_required",
                self.subscription_required.to_string(),
            ),
        ]
    }

    fn state(&self) -> Option<State> {
        match self.state() {
            OrganizationState::Unspecified => None,
            OrganizationState::Active => Some(State::Active),
            OrganizationState::Suspended => Some(State::Suspended),
        }
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| before.subscription_required && !self.subscription_required)
    }
}

impl Fact for Contact {
    identify!();

    fn fields(&self) -> Vec<Field> {
        let kind = self.kind().as_str_name();
        vec![
            immutable("kind", kind.trim_start_matches("CONTACT_KIND_")),
            mutable("display_name", quoted(&self.display_name)),
            mutable("uri", quoted(&self.uri)),
            // A primary contact stays primary until another one becomes it.
            if self.primary {
                mutable("primary", true.to_string())
            } else {
                immutable("primary", "")
            },
        ]
    }
}

impl Fact for Unit {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            mutable("display_name", quoted(&self.display_name)),
            immutable("kind", &self.kind),
            immutable("number", &self.number),
            mutable("parent_unit", quoted(last(&self.parent_unit))),
        ]
    }

    fn refers(&self) -> Vec<String> {
        vec![self.parent_unit.clone()]
    }

    /// Grants on the new ancestors cover the unit, too.
    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| before.parent_unit != self.parent_unit)
    }
}

impl Fact for Resource {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![
            mutable("display_name", quoted(&self.display_name)),
            immutable("type", &self.r#type),
            immutable("external_id", &self.external_id),
            mutable("unit", quoted(last(&self.unit))),
        ]
    }

    fn refers(&self) -> Vec<String> {
        vec![self.unit.clone()]
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_some_and(|before| before.unit != self.unit)
    }
}

impl Fact for Membership {
    identify!();

    fn fields(&self) -> Vec<Field> {
        vec![mutable(
            "subscription_active",
            self.subscription_active.to_string(),
        )]
    }

    fn state(&self) -> Option<State> {
        match self.state() {
            MembershipState::Unspecified => None,
            MembershipState::Active => Some(State::Active),
            MembershipState::Suspended => Some(State::Suspended),
        }
    }

    fn refers(&self) -> Vec<String> {
        vec![self.subject.clone()]
    }

    fn widens(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|before| self.subscription_active && !before.subscription_active)
    }
}
