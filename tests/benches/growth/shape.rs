//! The facts of every size: organizations that are all alike, and from a million grants on one
//! that is too large to be held whole.

use api::entitlement::v1::Effect;
use benches::scope::{Scope, UNITS};

/// Members of each organization, and what each was given.
pub(crate) const MEMBERS: usize = 250;
pub(crate) const GRANTS: usize = 4;
/// Resources of each organization.
pub(crate) const RESOURCES: usize = 200;
/// Grants of each organization.
pub(crate) const EACH: usize = MEMBERS * GRANTS;
/// The number of the organization that is too large, and its members, with a grant each.
pub(crate) const HUGE: usize = 99_999;
pub(crate) const HUGE_MEMBERS: usize = 100_000;
/// The number of the organization with many resources, and these. Its one member reaches all.
pub(crate) const LISTED: usize = 99_998;
pub(crate) const LISTED_RESOURCES: usize = 10_000;
/// From so many grants on there is one that is too large.
const HUGE_FROM: usize = 1_000_000;

/// A number of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

/// A question by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) organization: usize,
    pub(crate) member: usize,
    /// Which of the member's grants the permission is of.
    pub(crate) grant: usize,
    pub(crate) resource: usize,
}

impl Size {
    /// Whether one organization is too large to be held whole.
    pub(crate) fn has_huge(self) -> bool {
        self.0 >= HUGE_FROM
    }

    /// How many organizations there are that are alike.
    pub(crate) fn organizations(self) -> usize {
        let huge = if self.has_huge() { HUGE_MEMBERS } else { 0 };
        (self.0 - huge) / EACH
    }

    /// A question about one of them; neighbours are about different ones.
    pub(crate) fn question(self, number: usize) -> Asked {
        let round = number / self.organizations();
        Asked {
            organization: number % self.organizations(),
            member: (round * 7 + number) % MEMBERS,
            grant: round % GRANTS,
            resource: (round * 13 + number) % RESOURCES,
        }
    }
}

impl Asked {
    /// A question about a member of the organization that is too large.
    pub(crate) fn of_huge(number: usize) -> Self {
        Self {
            organization: HUGE,
            member: number % HUGE_MEMBERS,
            grant: 0,
            resource: number % RESOURCES,
        }
    }

    /// The right answer.
    pub(crate) fn effect(self) -> Effect {
        if scope(self.member, self.grant).covers(self.resource) {
            Effect::Allow
        } else {
            Effect::Deny
        }
    }
}

/// Where a grant of a member holds: everywhere, in a unit of the second or third level, or on
/// two resources.
pub(crate) fn scope(member: usize, grant: usize) -> Scope {
    let number = member * GRANTS + grant;
    match number % 5 {
        0 => Scope::All,
        1 | 2 => Scope::Unit(1 + number % 3),
        _ => {
            let first = number * 7 % (RESOURCES - 1);
            Scope::Resources([first, first + 1])
        }
    }
}

/// The members of an organization and the grants of each, and its resources.
pub(crate) fn content(organization: usize) -> (usize, usize, usize) {
    match organization {
        HUGE => (HUGE_MEMBERS, 1, RESOURCES),
        LISTED => (1, 1, LISTED_RESOURCES),
        _ => (MEMBERS, GRANTS, RESOURCES),
    }
}

/// The names of an organization, a user and a grant. As long as they are, rows come in the order
/// of their keys.
pub(crate) fn organization_id(organization: usize) -> String {
    format!("o{organization:05}")
}

pub(crate) fn user_name(organization: usize, member: usize) -> String {
    format!("users/u{organization:05}-{member}")
}

/// As long as those that the product makes.
pub(crate) fn grant_id(member: usize, grant: usize) -> String {
    format!("g{:032x}", member * GRANTS + grant)
}

/// The units by number.
pub(crate) fn units() -> impl Iterator<Item = usize> {
    0..UNITS
}
