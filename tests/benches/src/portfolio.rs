//! The facts that are asked about: the customers of a large operator, as one document, and
//! questions with their right answers.

use std::fmt::Write;

use api::entitlement::v1::Effect;

use crate::scope::{Scope, UNITS, above, unit_of};

/// Sizes of the document.
#[derive(Debug, Clone, Copy)]
pub struct Portfolio {
    /// Organizations.
    pub organizations: usize,
    /// Resources of each, in the lowest units.
    pub resources: usize,
    /// Users of each, with a membership and a grant.
    pub users: usize,
}

impl Default for Portfolio {
    fn default() -> Self {
        Self {
            organizations: 100,
            resources: 500,
            users: 50,
        }
    }
}

/// A question and its right answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `users/{user}`.
    pub subject: String,
    /// `fleet.vehicles.{verb}`.
    pub permission: &'static str,
    /// The name of the resource.
    pub resource: String,
    /// The right answer.
    pub effect: Effect,
    /// The same as numbers, for those who name things otherwise.
    pub numbers: Numbers,
}

/// What a question is about, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The organization.
    pub organization: usize,
    /// The user, of that organization.
    pub user: usize,
    /// The resource, of that organization.
    pub resource: usize,
}

impl Asked {
    /// What is to be done, the last part of the permission.
    pub fn verb(&self) -> &'static str {
        self.permission.rsplit('.').next().unwrap_or_default()
    }
}

impl Portfolio {
    /// The facts that the document says.
    pub fn facts(&self) -> usize {
        // The organization and its entitlement; the user, the membership and the grant.
        1 + self.organizations * (2 + UNITS + self.resources + 3 * self.users)
    }

    /// The document.
    pub fn document(&self) -> String {
        let mut text = String::from(APPLICATION);
        text.push_str("users:\n");
        for organization in 0..self.organizations {
            for user in 0..self.users {
                let id = user_id(organization, user);
                put(
                    &mut text,
                    format_args!("  - {{id: {id}, login: {id}, given_name: Number {user}}}"),
                );
            }
        }
        text.push_str("organizations:\n");
        for organization in 0..self.organizations {
            self.organization(&mut text, organization);
        }
        text
    }

    fn organization(&self, text: &mut String, organization: usize) {
        put(text, format_args!("  - id: o{organization}"));
        put(
            text,
            format_args!("    display_name: Customer {organization}"),
        );
        text.push_str("    entitlements: [{application: fleet}]\n    units:\n");
        for unit in 0..UNITS {
            let parent =
                above(unit).map_or_else(String::new, |above| format!(", parent: n{above}"));
            let (id, kind) = (format!("n{unit}"), "department");
            put(
                text,
                format_args!(
                    "      - {{id: {id}, display_name: Unit {unit}, kind: {kind}{parent}}}"
                ),
            );
        }
        text.push_str("    resources:\n");
        for resource in 0..self.resources {
            let unit = unit_of(resource);
            put(
                text,
                format_args!(
                    "      - {{id: r{resource}, type: phone-number, external_id: x{resource}, \
                     display_name: Number {resource}, unit: n{unit}}}"
                ),
            );
        }
        text.push_str("    memberships:\n");
        for user in 0..self.users {
            let (id, scope) = (user_id(organization, user), Scope::of(user).text());
            put(
                text,
                format_args!(
                    "      - {{user: {id}, grants: [{{role: fleet.viewer, scope: {scope}}}]}}"
                ),
            );
        }
    }

    /// The question of a number. Up to `organizations × users × resources` no two are the same,
    /// and neighbours are about different organizations.
    pub fn question(&self, number: usize) -> Asked {
        let organization = number % self.organizations;
        self.question_in(organization, number / self.organizations)
    }

    /// The question of a number about one organization.
    pub fn question_in(&self, organization: usize, number: usize) -> Asked {
        let user = number % self.users;
        let numbers = Numbers {
            organization,
            user,
            resource: (number / self.users + user * 7) % self.resources,
        };
        let edits = number.is_multiple_of(10);
        Asked::new(numbers, if edits { EDIT } else { VIEW })
    }

    /// Questions about one user and many resources, as a list in a portal needs them answered.
    pub fn list(&self, organization: usize, count: usize) -> Vec<Asked> {
        let user = organization % self.users;
        let numbers = |number: usize| Numbers {
            organization,
            user,
            resource: (number + user * 7) % self.resources,
        };
        (0..count)
            .map(|number| {
                let edits = number % 10 == 9;
                Asked::new(numbers(number), if edits { EDIT } else { VIEW })
            })
            .collect()
    }

    /// A question that is answered with an allow because of one grant of a unit.
    pub fn allowed_by_unit(&self, organization: usize) -> Option<Asked> {
        (0..self.resources)
            .map(|resource| Numbers {
                organization,
                user: 1,
                resource,
            })
            .map(|numbers| Asked::new(numbers, VIEW))
            .find(|asked| asked.effect == Effect::Allow)
    }
}

impl Asked {
    fn new(numbers: Numbers, permission: &'static str) -> Self {
        let Numbers {
            organization,
            user,
            resource,
        } = numbers;
        let allowed = permission == VIEW && Scope::of(user).covers(resource);
        Self {
            subject: format!("users/{}", user_id(organization, user)),
            permission,
            resource: format!("organizations/o{organization}/resources/r{resource}"),
            effect: if allowed { Effect::Allow } else { Effect::Deny },
            numbers,
        }
    }
}

/// What every grant gives, and what none gives.
const VIEW: &str = "fleet.vehicles.view";
const EDIT: &str = "fleet.vehicles.edit";

const APPLICATION: &str = "\
applications:
  - id: fleet
    display_name: Fleet
    modules:
      - {id: vehicles, display_name: Vehicles, verbs: [view, edit]}
    roles:
      - {id: viewer, display_name: Viewer, permissions: [fleet.vehicles.view]}
";

fn user_id(organization: usize, user: usize) -> String {
    format!("u{organization}-{user}")
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}
